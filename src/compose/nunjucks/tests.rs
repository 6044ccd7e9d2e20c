//! Templates and what they print.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Template, TemplateError, render};

fn vars() -> Map<String, Value> {
    let vars = json!({
        "name": "Ada", "n": 7, "f": 2.5, "neg": -3, "yes": true, "no": false, "empty": "", "zero": 0, "nil": null,
        "user": {"first": "Grace", "tags": ["navy", "cobol"], "addr": {"city": "NYC", "zip": "10001"}, "age": 85},
        "html": "<b>bold & \"q\"</b>", "txt": "the quick brown fox", "csv": "a,b,c", "multi": "one\ntwo\n\nfour",
        "text": "{\"k\":[1,2]}", "nums": [3, 1, 2], "uni": "né 👍", "2x": "odd name",
        "objs": [{"id": 2, "t": "b"}, {"id": 1, "t": "a"}, {"id": 3, "t": "a"}],
        "keyed": {"b": 1, "10": 2, "9": 3},
    });
    vars.as_object().cloned().unwrap_or_default()
}

fn printed(source: &str) -> Result<String, TemplateError> {
    let env = BTreeMap::from([("CITY".to_owned(), "Zürich".to_owned())]);
    render(source, &vars(), &env)
}

#[track_caller]
fn check(source: &str, expect: &str) {
    assert_eq!(printed(source).as_deref(), Ok(expect), "{source}");
}

#[track_caller]
fn refused(source: &str, expect: &str) {
    let error = printed(source).expect_err(source).to_string();
    assert!(error.contains(expect), "{source}: {error}");
}

#[test]
fn values_print_as_javascript_prints_them() {
    check("{{ nope }}|{{ nil }}|{{ none }}|{{ nope.a.b[0] }}|", "||||");
    check("{{ yes }} {{ no }} {{ zero }} {{ f }} {{ neg }}", "true false 0 2.5 -3");
    check("{{ nums }} {{ [1, [2, [nil, 3]], nope] }} {{ [] }}|", "3,1,2 1,2,,3, |");
    check("{{ user }} {{ objs }}", "[object Object] [object Object],[object Object],[object Object]");
    check(
        "{{ 1 / 0 }} {{ 0 / 0 }} {{ 100 / 3 }} {{ 0.1 + 0.2 }}",
        "Infinity NaN 33.333333333333336 0.30000000000000004",
    );
    check("{{ 10000000000000000000000 }} {{ 007 }} {{ 1e3 }}|", "1e+22 7 |");
    check("{{ env.CITY }} {{ env[\"CITY\"] }} {{ env.NOPE }}|", "Zürich Zürich |");
    check("{{ 2x }}", "odd name");
    check("{{ { a: 1, \"b\": 2 } | dump }}", "{\"a\":1,\"b\":2}");
}

#[test]
fn operators_bind_as_in_the_javascript_that_nunjucks_writes() {
    check("{{ n + 1 | string }} {{ 1 + 2 ~ \"b\" }} {{ \"a\" ~ 1 + 2 }}", "71 3b a12");
    check("{{ 2 ** 3 ** 2 }} {{ -2 ** 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % -3 }} {{ -1 % 3 }}", "64 4 3 -4 1 -1");
    check("{{ (2 + 3) * 4 }} {{ 2 + 3 * 4 }} {{ 10 - 2 - 3 }} {{ 5 + 4 - 3 }}", "20 14 5 6");
    check("{{ not n == 7 }} {{ not n > 3 }} {{ not (n > 9) }} {{ not not n }}", "false false true true");
    check("{{ 1 < 2 < 3 }} {{ 3 > 2 > 1 }} {{ \"10\" < \"9\" }} {{ 10 < 9 }}", "true false true false");
    check(
        "{{ \"7\" == n }} {{ \"7\" === n }} {{ nil == nope }} {{ nil == 0 }} {{ \"\" == 0 }}",
        "true false true false true",
    );
    check("{{ n != 7 }} {{ n !== \"7\" }} {{ nope == nope }}", "false true true");
    check("{{ no or name }} {{ name or no }} {{ no and name }} {{ yes and name }}", "Ada Ada false Ada");
    check(
        "{{ n + \"1\" }} {{ \"5\" * \"2\" }} {{ \"5\" - 2 }} {{ \"a\" * 2 }} {{ yes + 1 }} {{ nil + 1 }} {{ nope + 1 }}",
        "71 10 3 NaN 2 1 NaN",
    );
    check("{{ [1] + 2 }} {{ user + \"\" }} {{ -name }} {{ +\"4\" }}", "12 [object Object] NaN 4");
    check("{{ \"a\" if yes else \"b\" }} {{ \"a\" if no }}|{{ (1, 2) }}", "a |2");
    check(
        "{{ \"q\" in txt }} {{ 1 in nums }} {{ \"1\" in nums }} {{ \"first\" in user }} {{ 9 not in nums }}",
        "true true false true true",
    );
    check("{{ -5 | abs }} {{ name.length > 2 and n in [7] }}", "5 true");
}

#[test]
fn expressions_that_are_none_are_refused() {
    for source in [
        "{{ }}",
        "{{ 1 + }}",
        "{{ a b }}",
        "{{{ name }}}",
        "{{ nums[0:1] }}",
        "{{ - -5 }}",
        "{{ a = 1 }}",
        "{{ !a }}",
        "{{ \"a\" if n else \"b\" if n else \"c\" }}",
        "{{ () }}",
        "{{ {1: 2} }}",
        "{{ [1, ] }}",
        "{{ name",
        "{{ name }",
        "{{ 5.toFixed(2) }}",
        "{{ r/(/ }}",
        "{{ x is divisibleby 3 }}",
        "{{ nums[] }}",
        "{{ a. }}",
        "{{ | upper }}",
        "{# no end",
        "no start #}",
        "{% %}",
        "{% name %}",
        "{% else %}",
        "{% if n %}",
        "{% for i in nums %}",
        "{% break %}",
        "{% for i nums %}{% endfor %}",
        "{% set user.a = 1 %}",
        "{% set a = 1, b = 2 %}",
        "{% macro m %}{% endmacro %}",
        "{% macro m(\"a\") %}{% endmacro %}",
        "{% if n %}{% endfor %}",
        "{% switch n %}{% endswitch %}",
        "{% call m %}{% endcall %}",
        "{% block a %}{% endblock %}{% block a %}{% endblock %}",
        "{% else if n %}",
        "{{ a\"b }}",
    ] {
        assert!(printed(source).is_err(), "{source}");
    }
}

#[test]
fn what_fails_says_what_and_where() {
    refused("a\n  {{ name | nope }}", "line 2, column 13: There is no filter `nope`.");
    refused("{{ nope() }}", "`nope` cannot be called: it is undefined or falsey.");
    refused("{{ user.name.first() }}", "`user[\"name\"][\"first\"]` cannot be called");
    refused("{{ name() }}", "not a function");
    refused("{{ n is boolean }}", "There is no test `boolean`.");
    refused("{{ 1 in n }}", "`in` looks for \"1\"");
    refused("{{ \"no json\" | load }}", "no JSON");
    refused("{% include \"a.txt\" %}", "There is no template");
    refused("{% extends \"a\" %}", "There is no template");
    refused("{% import \"a\" as b %}", "There is no template");
    refused("{% from \"a\" import b as c %}", "There is no template");
    refused("{{ super() }}", "cannot be called");
    // What is not reached is not asked.
    check("{% if no %}{{ name | nope }}{{ n is boolean }}{% include \"a\" %}{% endif %}ok", "ok");
    check("{% include \"a\" ignore missing %}ok", "ok");
}

#[test]
fn white_space_stays_unless_a_tag_takes_it() {
    check("R:\n{% if yes %}\nA\n{% endif %}\nB\n", "R:\n\nA\n\nB\n");
    check("a {%- if yes -%} b {%- endif -%} c {{- name -}} d {#- x -#} e", "abcAdade");
    check("a {# x #} b", "a  b");
    check("{% set x = 1 -%}\n  {{ x }}", "1");
    check("a\n{%- for i in nums %}\n- {{ i }}\n{%- endfor %}", "a\n- 3\n- 1\n- 2");
    check("{{-5}} {%if yes%}x{%endif%}", "5 x");
}

#[test]
fn raw_blocks_are_text() {
    check("{% raw %}{{ x }} {% if %}{% endraw %}!", "{{ x }} {% if %}!");
    check("{% verbatim %}{{ x }}{% endverbatim %}", "{{ x }}");
    check("{% raw %}a{% raw %}b{% endraw %}c{% endraw %}", "a{% raw %}b{% endraw %}c");
    check("{% raw %}{# x #}{%endraw%}", "{# x #}");
}

#[test]
fn branches_follow_javascripts_truth() {
    check(
        "{% if [] %}a{% endif %}{% if {} %}b{% endif %}{% if \"false\" %}c{% endif %}{% if nope %}d{% endif %}",
        "abc",
    );
    check("{% if no %}a{% elif zero %}b{% elseif yes %}c{% else %}d{% endif %}", "c");
    check("{% if nope %}a{% else %}b{% endif %}{% ifAsync yes %}c{% endif %}", "bc");
    check("{% switch n %}x{% case 6 %}a{% case 7 %}b{% default %}c{% endswitch %}", "b");
    check("{% switch n %}{% case \"7\" %}a{% default %}c{% endswitch %}", "c");
    check("{% switch name %}{% case \"Ada\" %}{% case \"Bob\" %}both{% default %}c{% endswitch %}", "both");
    check("{% switch n %}{% case 1 %}a{% endswitch %}|", "|");
}

#[test]
fn loops_go_over_what_has_a_length() {
    check(
        "{% for i in nums %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ i }} {% endfor %}",
        "10323 21211 32102 ",
    );
    check(
        "{% for i in nums %}{{ loop.first }}{{ loop.last }}{{ loop.length }} {% endfor %}",
        "truefalse3 falsefalse3 falsetrue3 ",
    );
    check("{% for c in name %}{{ c }}.{% endfor %}{% for c in uni %}{{ c }}{% endfor %}", "A.d.a.né 👍");
    check("{% for k, v in user.addr %}{{ k }}={{ v }};{% endfor %}", "city=NYC;zip=10001;");
    check("{% for k, v in keyed %}{{ k }}={{ v }};{% endfor %}", "9=3;10=2;b=1;");
    check("{% for a, b, c in [[1, 2, 3], [4, 5]] %}{{ a }}{{ b }}{{ c }};{% endfor %}", "123;45;");
    check("{% for k in user %}{{ k }}{% endfor %}|", "|");
    for nothing in ["nope", "nil", "\"\"", "[]", "{}", "5", "yes"] {
        check(&format!("{{% for i in {nothing} %}}x{{% else %}}E{{% endfor %}}"), "E");
    }
    check(
        "{% for i in nums %}{% for j in nums %}{{ loop.index }}{% endfor %}{{ loop.index }} {% endfor %}",
        "1231 1232 1233 ",
    );
    check("{% for i in range(3) %}{{ i }}{% endfor %} {{ range(1, 8, 3) }} {{ range(3, 0, -1) }}", "012 1,4,7 3,2,1");
    check(
        "{% asyncEach i in nums %}{{ i }}{% endeach %}{% asyncAll k, v in user.addr %}{{ k }}{% endall %}",
        "312cityzip",
    );
    refused("{% for i in nums %}{{ loop.cycle(1) }}{% endfor %}", "cannot be called");
    refused("{% for a, b in [nil] %}{% endfor %}", "nothing");
}

#[test]
fn set_reaches_as_far_as_in_nunjucks() {
    check("{% set x = 1 %}{% for i in nums %}{% set x = x + i %}{% endfor %}{{ x }}", "7");
    check("{% for i in nums %}{% set q = i %}{{ q }}{% endfor %}{{ q }}|", "312|");
    check("{% for i in nums %}{{ q }}{% set q = i %}{% endfor %}", "31");
    check("{% if yes %}{% set q = 1 %}{% endif %}{{ q }}", "1");
    check("{% for i in nums %}{% set n = i %}{% endfor %}{{ n }}", "7");
    check("{% set a, b = 5 %}{{ a }}{{ b }} {% set c %}<{{ name }}>{% endset %}{{ c | upper }}", "55 <ADA>");
    check("{% for i in nums %}{% set i = i * 2 %}{{ i }}{% endfor %}", "624");
    check("{% block a %}{% set w = 1 %}{{ w }}{% endblock %}{{ w }}|", "1|");
    check("{% set l = [1] %}{{ l.push(2) }} {{ l }}", "2 1,2");
}

#[test]
fn macros_take_positions_keywords_and_bodies() {
    let with = |source: &str, expect: &str| {
        check(
            &format!("{{% macro m(a, b=\"d\", c=n) %}}<{{{{ a }}}}{{{{ b }}}}{{{{ c }}}}>{{% endmacro %}}{source}"),
            expect,
        );
    };
    with("{{ m(1) }}{{ m(1, 2) }}{{ m(1, 2, 3) }}{{ m(1, 2, 3, 4) }}", "<1d7><127><123><123>");
    with("{{ m(a=1) }}{{ m(1, c=0) }}{{ m() }}{{ m(1, nope=2) }}", "<1d7><1d0><d7><1d7>");
    with("{{ m(1) | upper }} {{ m(1) | length }} {{ m(1) is string }} {{ m(1) is escaped }}", "<1D7> 5 false true");
    check("{% macro m(x) %}{{ x }}{{ name }}{% set s = 1 %}{% endmacro %}{{ m(2) }}{{ s }}{{ x }}|", "2Ada|");
    check(
        "{% set top = 1 %}{% macro m() %}{{ top }}{% endmacro %}{{ m() }}{% for i in nums %}{{ m() }}{% endfor %}",
        "1111",
    );
    check("{% for i in nums %}{% macro m() %}[{{ i }}]{% endmacro %}{{ m() }}{% endfor %}", "[][][]");
    check("{% macro f(k) %}{% if k > 0 %}{{ k }}{{ f(k - 1) }}{% endif %}{% endmacro %}{{ f(3) }}", "321");
    check("{% macro w() %}<{{ caller() }}>{% endmacro %}{% call w() %}body {{ name }}{% endcall %}", "<body Ada>");
    check(
        "{% macro w(xs) %}{% for x in xs %}{{ caller(x) }}{% endfor %}{% endmacro %}{% call(u) w(nums) %}({{ u }}){% endcall %}",
        "(3)(1)(2)",
    );
    check(
        "{% for i in nums %}{% call w() %}{{ i }}{% endcall %}{% endfor %}{% macro w() %}{% endmacro %}"
            .replace("{% for", "{% macro w() %}<{{ caller() }}>{% endmacro %}{% for")
            .as_str(),
        "<3><1><2>",
    );
    check("{% macro w(v) %}{{ caller() }}{% endmacro %}{% call w(5) %}{{ v }}{% endcall %}", "5");
    check(
        "{% macro w() %}{{ \"with\" if caller else \"without\" }}{% endmacro %}{{ w() }}{% call w() %}{% endcall %}",
        "withoutwith",
    );
    check("{% filter replace(\"a\", \"b\") %}banana{{ n }}{% endfilter %}", "bbnbnb7");
    check(
        "{% set c = cycler(\"a\", \"b\") %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.next() }}",
        "abaaa",
    );
    check("{% set j = joiner(\"; \") %}{% for i in nums %}{{ j() }}{{ i }}{% endfor %}", "3; 1; 2");
    check("{% macro big(v) %}{{ v > 1 }}{% endmacro %}{{ nums.map(big) }}", "true,false,true");
}

#[test]
fn tests_ask_about_a_value() {
    check(
        "{{ nope is defined }} {{ name is defined }} {{ nope is undefined }} {{ nil is defined }}",
        "false true true true",
    );
    check("{{ nil is null }} {{ nil is none }} {{ nope is none }} {{ name is not none }}", "true true false true");
    check("{{ n is odd }} {{ n is even }} {{ neg is odd }} {{ n is divisibleby(7) }}", "true false false true");
    check(
        "{{ n is number }} {{ name is string }} {{ user is mapping }} {{ nums is mapping }} {{ nums is iterable }}",
        "true true true false true",
    );
    check("{{ n is eq(7) }} {{ n is equalto(\"7\") }} {{ n is sameas(7) }} {{ n is ne(7) }}", "true false true false");
    check(
        "{{ n is gt(3) }} {{ n is ge(7) }} {{ n is lt(3) }} {{ n is le(7) }} {{ n is greaterthan(9) }}",
        "true true false true false",
    );
    check(
        "{{ name is lower }} {{ name.toUpperCase() is upper }} {{ \"\" is falsy }} {{ [] is truthy }}",
        "false true true true",
    );
    check("{{ range is callable }} {{ name is callable }} {{ html | e is escaped }}", "true false true");
    refused("{{ n is upper }}", "only texts");
    refused("{{ nope is iterable }}", "nothing");
}

#[test]
fn filters_of_text() {
    check(
        "{{ name | upper }} {{ name | lower }} {{ \"hELLO wORLD\" | title }} {{ \"hELLO\" | capitalize }}",
        "ADA ada Hello World Hello",
    );
    check("{{ \"a-B c\" | title }}", "A-b C");
    check(
        "{{ \"  a b \" | trim }}| {{ \"ab\" | center(6) }}| {{ \"ab\" | center(5) }}| {{ \"ab\" | center(1) }}",
        "a b|   ab  |  ab  | ab",
    );
    check(
        "{{ txt | truncate(10) }} {{ txt | truncate(10, true) }} {{ txt | truncate(9, false, \"!\") }} {{ txt | truncate }}",
        "the quick... the quick ... the quick! the quick brown fox",
    );
    check(
        "{{ txt | truncate(length=10) }} {{ txt | truncate(10, killwords=true) }}",
        "the quick brown... the quick ...",
    );
    check("{{ multi | indent }}|{{ multi | indent(1, true) }}", "one\n    two\n    \n    four| one\n two\n \n four");
    check(
        "{{ \"aaa\" | replace(\"a\", \"b\") }} {{ \"aaa\" | replace(\"a\", \"b\", 2) }} {{ 55 | replace(5, 6) }} {{ \"ab\" | replace(\"\", \"-\") }}",
        "bbb bba 66 -a-b-",
    );
    check("{{ \"a1b2\" | replace(r/\\d/g, \"#\") }} {{ nums | replace(\"a\", \"b\") }}", "a#b# 3,1,2");
    check("{{ txt | wordcount }} {{ \"\" | wordcount }}| {{ \"né\" | wordcount }}", "4 | 1");
    check("{{ n | string + 1 }} {{ nums | string | length }} {{ \"abc\" | reverse }}", "71 5 cba");
    check(
        "{{ nope | upper }}{{ nil | title }}{{ no | lower }}{{ nope | truncate }}{{ nope | indent }}{{ nope | wordcount }}|",
        "|",
    );
    for source in
        ["{{ nope | trim }}", "{{ n | upper }}", "{{ nums | upper }}", "{{ nope | string }}", "{{ n | title }}"]
    {
        assert!(printed(source).is_err(), "{source}");
    }
}

#[test]
fn filters_of_lists() {
    check("{{ nums | join }} {{ nums | join(\", \") }} {{ objs | join(\"-\", \"id\") }}", "312 3, 1, 2 2-1-3");
    check("{{ nums | first }}{{ nums | last }}{{ [] | first }}{{ name | first }}{{ name | last }}", "32Aa");
    check(
        "{{ nums | length }} {{ user | length }} {{ name | length }} {{ nope | length }} {{ uni | length }} {{ n | length }}|",
        "3 4 3 0 5 |",
    );
    check(
        "{{ nums | sort }} {{ nums | sort(true) }} {{ nums | sort(reverse=true) }} {{ nums }}",
        "1,2,3 3,2,1 3,2,1 3,1,2",
    );
    check(
        "{{ [\"b\", \"A\", \"c\"] | sort }} {{ [\"b\", \"A\", \"a\"] | sort(false, true) }} {{ [10, 9, 1] | sort }}",
        "A,b,c A,a,b 1,9,10",
    );
    check(
        "{{ objs | sort(attribute=\"id\") | join(\",\", \"id\") }} {{ objs | sort(false, false, \"t\") | join(\",\", \"id\") }}",
        "1,2,3 1,3,2",
    );
    check(
        "{{ nums | reverse }} {{ [1, 2, 3, 4, 5] | batch(2, 0) | dump }} {{ [1, 2, 3] | batch(2, \"x\") | dump }}",
        "2,1,3 [[1,2],[3,4],[5]] [[1,2],[3,\"x\"]]",
    );
    check(
        "{{ [1, 2, 3, 4, 5] | slice(3) | dump }} {{ [1, 2, 3, 4] | slice(3, \"x\") | dump }}",
        "[[1,2],[3,4],[5]] [[1,2],[3,\"x\"],[4,\"x\"]]",
    );
    check(
        "{{ nums | sum }} {{ objs | sum(\"id\") }} {{ nums | sum(nope, 10) }} {{ [1, \"2\", 3] | sum }}",
        "6 6 16 0123",
    );
    check(
        "{{ [0, 1, \"\", 2] | select | dump }} {{ nums | select(\"odd\") }} {{ nums | reject(\"odd\") }} {{ nums | select(\"gt\", 1) }}",
        "[1,2] 3,1 2 3,2",
    );
    check("{{ objs | selectattr(\"id\") | length }} {{ objs | rejectattr(\"nope\") | length }}", "3 3");
    check(
        "{{ objs | groupby(\"t\") | dump }}",
        "{\"b\":[{\"id\":2,\"t\":\"b\"}],\"a\":[{\"id\":1,\"t\":\"a\"},{\"id\":3,\"t\":\"a\"}]}",
    );
    check("{% for t, rows in objs | groupby(\"t\") %}{{ t }}{{ rows | length }}{% endfor %}", "b1a2");
    check(
        "{{ name | list }} {{ nums | list }} {{ user.addr | list | dump }}",
        "A,d,a 3,1,2 [{\"key\":\"city\",\"value\":\"NYC\"},{\"key\":\"zip\",\"value\":\"10001\"}]",
    );
    check(
        "{{ { b: 1, A: 2 } | dictsort }} {{ { b: 1, a: 2 } | dictsort(false, \"value\") }} {{ { b: 1, A: 2 } | dictsort(true) }}",
        "A,2,b,1 b,1,a,2 A,2,b,1",
    );
    for source in [
        "{{ nope | join }}",
        "{{ name | join }}",
        "{{ nope | first }}",
        "{{ nope | sum }}",
        "{{ nope | list }}",
        "{{ n | list }}",
        "{{ nums | dictsort }}",
        "{{ nums | select(\"nope\") }}",
        "{{ nope | select }}",
        "{{ nope | batch(2) }}",
    ] {
        assert!(printed(source).is_err(), "{source}");
    }
}

#[test]
fn other_filters() {
    check(
        "{{ nope | default(\"d\") }} {{ empty | default(\"d\") }}| {{ empty | d(\"d\", true) }} {{ no | default(\"d\") }} {{ nil | default(\"d\") }}|",
        "d | d false |",
    );
    check(
        "{{ 3.5 | round }} {{ -2.5 | round }} {{ 2.567 | round(1) }} {{ 2.567 | round(2, \"floor\") }} {{ 2.1 | round(0, \"ceil\") }} {{ nope | round }}",
        "4 -2 2.6 2.56 3 NaN",
    );
    check(
        "{{ \"10abc\" | int }} {{ \"x\" | int }}|{{ \"x\" | int(5) }} {{ \"ff\" | int(0, 16) }} {{ \"ff\" | int(base=16) }} {{ 3.9 | int }}",
        "10 |5 255 255 3",
    );
    check("{{ \"3.9kg\" | float }} {{ \"x\" | float(1.5) }} {{ \"-4\" | abs }}", "3.9 1.5 4");
    check(
        "{{ user.addr | dump }} {{ nums | dump(1) }} {{ nope | dump }}| {{ html | dump }}",
        "{\"city\":\"NYC\",\"zip\":\"10001\"} [\n 3,\n 1,\n 2\n] | \"<b>bold & \\\"q\\\"</b>\"",
    );
    check("{{ text | load | dump }} {{ (text | load).k[1] }} {{ \" 5 \" | load + 1 }}", "{\"k\":[1,2]} 2 6");
    check(
        "{{ html | escape }} {{ html | safe | escape }}",
        "&lt;b&gt;bold &amp; &quot;q&quot;&lt;/b&gt; <b>bold & \"q\"</b>",
    );
    check("{{ \"it's\" | e | forceescape }} {{ nope | e }}|", "it&amp;#39;s |");
    check(
        "{{ \"<p>a</p> <!-- x -->\\n b\" | striptags }} {{ \"<b>a</b>\\n\\n\\n\\n  b\" | striptags(true) }}",
        "a b a\n\nb",
    );
    check("{{ \"a\\r\\nb\\nc\" | nl2br }}", "a<br />\nb<br />\nc");
    check(
        "{{ \"a b&é\" | urlencode }} {{ { a: 1, b: \"x y\" } | urlencode }} {{ [[\"k\", 1]] | urlencode }}",
        "a%20b%26%C3%A9 a=1&b=x%20y k=1",
    );
    check(
        "{{ \"see www.x.com, http://y.org/abc.\" | urlize(6) }}",
        "see <a href=\"http://www.x.com\">www.x.</a> <a href=\"http://y.org/abc\">http:/</a>",
    );
    check(
        "{{ \"me@x.io x.com/y\" | urlize(99, true) }}",
        "<a href=\"mailto:me@x.io\">me@x.io</a> <a href=\"http://x.com/y\" rel=\"nofollow\">x.com/y</a>",
    );
    check("{{ nums | random | string | length }} {{ nums | random == nums | random }}", "1 true");
}

#[test]
fn methods_of_javascript_work() {
    check(
        "{{ name.toUpperCase() }} {{ name.charAt(1) }} {{ name[0] }} {{ name[-1] }}| {{ name.at(-1) }} {{ name.indexOf(\"z\") }}",
        "ADA d A | a -1",
    );
    check(
        "{{ csv.split(\",\").length }} {{ csv.split(\",\") | join(\"+\") }} {{ \"a1b\".split(r/\\d/) }} {{ \"abc\".split(\"\") }}",
        "3 a+b+c a,b a,b,c",
    );
    check(
        "{{ \"a-b-c\".replace(\"-\", \"+\") }} {{ \"a-b-c\".replaceAll(\"-\", \"$&$&\") }} {{ \"a-b\".replace(r/(\\w)-(\\w)/, \"$2-$1\") }}",
        "a+b-c a--b--c b-a",
    );
    check(
        "{{ txt.match(r/q\\w+/) }} {{ txt.match(r/o/g) }} {{ txt.match(r/z/) }}| {{ r/fox/.test(txt) }} {{ txt.search(\"quick\") }}",
        "quick o,o | true 4",
    );
    check(
        "{{ txt.slice(0, 3) }} {{ txt.slice(-3) }} {{ txt.substring(6, 4) }} {{ txt.substr(-3, 2) }}",
        "the fox qu fo",
    );
    check(
        "{{ \"5\".padStart(3, \"0\") }} {{ \"5\".padEnd(3) }}| {{ \"ab\".repeat(2) }} {{ \" a \".trim() }}| {{ name.concat(1, nums) }}",
        "005 5  | abab a| Ada13,1,2",
    );
    check(
        "{{ txt.includes(\"fox\") }} {{ txt.startsWith(\"the\") }} {{ txt.endsWith(\"x\") }} {{ txt.lastIndexOf(\"o\") }} {{ name.charCodeAt(0) }}",
        "true true true 17 65",
    );
    check(
        "{{ n.toFixed(2) }} {{ 255.0.toString(16) }} {{ (1234.5).toLocaleString() }} {{ yes.toString() }} {{ 1.5.toPrecision(3) }}",
        "7.00 ff 1,234.5 true 1.50",
    );
    check(
        "{{ nums.join(\"-\") }} {{ nums.indexOf(1) }} {{ nums.includes(9) }} {{ nums.concat([4], 5) }} {{ nums.slice(1) }} {{ nums.at(-1) }}",
        "3-1-2 1 false 3,1,2,4,5 1,2 2",
    );
    check(
        "{% set l = nums.slice() %}{{ l.sort() }} {{ l.reverse() }} {{ l.pop() }} {{ l.shift() }} {{ l }} {{ l.splice(0, 1) }} {{ l.length }}",
        "1,2,3 3,2,1 1 3 2 2 0",
    );
    check("{{ [1, [2, [3]]].flat() | dump }} {{ [3, 20, 100].sort() }} {{ [[1]].toString() }}", "[1,2,[3]] 100,20,3 1");
    check("{{ user.hasOwnProperty(\"first\") }} {{ user.toString() }} {{ uni.length }}", "true [object Object] 5");
    refused("{{ name.nope() }}", "cannot be called");
    refused("{{ n.toUpperCase() }}", "cannot be called");
    refused("{{ n.toFixed(101) }}", "digits");
}

#[test]
fn a_template_is_read_once_and_rendered_on_any_thread() {
    let template = Template::parse("{{ name }}{% for i in nums %}{{ i }}{% endfor %}").expect("a template");
    std::thread::scope(|scope| {
        let renders: Vec<_> = (0..4).map(|_| scope.spawn(|| template.render(&vars(), &BTreeMap::new()))).collect();
        for render in renders {
            assert_eq!(render.join().expect("no panic").as_deref(), Ok("Ada312"));
        }
    });
}

/// What would take minutes, gigabytes or the stack ends at once and as an error.
#[test]
fn work_size_and_depth_are_bounded() {
    let sources = [
        "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}".to_owned(),
        "{{ range(1000000000) }}".to_owned(),
        "{{ range(0, 1, 0.0000001) }}".to_owned(),
        "{% set s = \"a\" %}{% for i in range(64) %}{% set s = s ~ s %}{% endfor %}{{ s }}".to_owned(),
        "{% set s = [1] %}{% for i in range(64) %}{% set s = s.concat(s) %}{% endfor %}{{ s }}".to_owned(),
        "{{ \"a\".repeat(1000000000) }}".to_owned(),
        "{{ \"a\".padStart(1000000000) }}".to_owned(),
        "{{ \"a\" | center(1000000000) }}".to_owned(),
        "{{ \"a\\na\" | indent(1000000000) }}".to_owned(),
        "{{ [1] | batch(1000000000, 1) }}".to_owned(),
        "{{ [1] | slice(1000000000) }}".to_owned(),
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}".to_owned(),
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}".to_owned(),
        "{% for x in l %}{% endfor %}{% set l = [1] %}{% for x in l %}{% set y = l.push(1) %}{% endfor %}".to_owned(),
        "{{ \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\".match(r/^(a+)+$/) }}".to_owned(),
        "{% set a = [] %}{% for i in range(9000) %}{% set a = [a] %}{% endfor %}{{ a | dump }}".to_owned(),
        "{% set a = [] %}{% set x = a.push(a) %}{{ a | dump }}".to_owned(),
        format!("{{{{ {}1{} }}}}", "(".repeat(5_000), ")".repeat(5_000)),
        format!("{{{{ {}1{} }}}}", "[{a: ".repeat(5_000), "}]".repeat(5_000)),
        format!("{}{{{{ {}1{} }}}}", "{% if true %}".repeat(30), "(".repeat(30), ")".repeat(30)),
        format!("{{{{ {}1 }}}}", "-+".repeat(5_000)),
        format!("{{{{ {}1 }}}}", "not ".repeat(5_000)),
        format!("{{{{ name{} }}}}", " | upper".repeat(5_000)),
        format!("{{{{ name{} }}}}", " | upper".repeat(900)),
        format!("{}{}", "{% if true %}".repeat(5_000), "{% endif %}".repeat(5_000)),
    ];
    for source in sources {
        assert!(printed(&source).is_err(), "{}", &source[..source.len().min(60)]);
    }
    check("{% set a = [] %}{% set x = a.push(a) %}{{ a }}|", "|");
    check("{% macro f(k) %}{% if k > 0 %}{{ f(k - 1) }}{% else %}end{% endif %}{% endmacro %}{{ f(30) }}", "end");
    check(&format!("{{{{ {}1{} }}}}", "(".repeat(36), ")".repeat(36)), "1");
    check(&format!("{{{{ 0{} }}}}", " + 1".repeat(900)), "900");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn text_without_tags_is_printed_as_it_is(text in "[^{#]{0,60}") {
        prop_assert_eq!(printed(&text), Ok(text));
    }

    #[test]
    fn a_text_variable_is_printed_as_it_is(text in "\\PC{0,40}") {
        let vars = Map::from_iter([("v".to_owned(), Value::from(text.clone()))]);
        prop_assert_eq!(render("{{ v }}", &vars, &BTreeMap::new()), Ok(text));
    }

    #[test]
    fn no_template_panics(words in prop::collection::vec(prop::sample::select(WORDS), 0..24)) {
        let _ = printed(&words.concat());
    }

    #[test]
    fn no_expression_panics(words in prop::collection::vec(prop::sample::select(PARTS), 1..10)) {
        let _ = printed(&format!("{{{{ {} }}}}", words.join(" ")));
    }
}

const WORDS: &[&str] = &[
    "{{ ",
    " }}",
    "{% ",
    " %}",
    "{%- ",
    " -%}",
    "{# ",
    " #}",
    "if ",
    "else",
    "endif",
    "for ",
    "x",
    " in ",
    "nums",
    "endfor",
    "set ",
    " = ",
    "endset",
    "macro ",
    "m(x)",
    "endmacro",
    "call ",
    "endcall",
    "raw",
    "endraw",
    "name",
    " | ",
    "upper",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "1",
    "\"a\"",
    ".",
    "loop.index",
    "text\n",
    "switch ",
    "case ",
    "default",
    "endswitch",
];

const PARTS: &[&str] = &[
    "name",
    "nums",
    "user",
    "nope",
    "uni",
    "nil",
    "7",
    "-1",
    "2.5",
    "\"a\"",
    "r/a*/g",
    "+",
    "-",
    "*",
    "/",
    "//",
    "**",
    "%",
    "~",
    "==",
    "<",
    "in",
    "not",
    "is",
    "odd",
    "and",
    "or",
    "if",
    "else",
    "| upper",
    "| list",
    "| sort",
    "| dump(2)",
    "| reverse",
    "| batch(2)",
    "| slice(3)",
    "| truncate(2)",
    "| urlize",
    "| striptags",
    "| replace(\"a\", \"$&\")",
    ".length",
    "[0]",
    "[-1]",
    ".split(\"\")",
    ".slice(-2, 9)",
    ".substr(-1)",
    ".splice(1, -1)",
    ".at(-9)",
    ".padEnd(9, \"👍\")",
    ".replace(r/(.)/g, \"$1$2\")",
    ".toFixed(1)",
    ".toString(2)",
    ".lastIndexOf(\"a\")",
    ".flat(9)",
    ".fill(1, -9, 9)",
    "| center(9)",
    "| indent(2)",
    "(",
    ")",
    ",",
];
