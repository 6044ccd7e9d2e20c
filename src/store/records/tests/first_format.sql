-- Records in the first format, for the test of migration. Never changed.
PRAGMA journal_mode = WAL;
PRAGMA application_id = 1400140404;
PRAGMA user_version = 1;
CREATE TABLE runs(
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL,
    experiment TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    state INTEGER NOT NULL,
    header TEXT NOT NULL,
    passed INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    unscored INTEGER NOT NULL DEFAULT 0,
    errored INTEGER NOT NULL DEFAULT 0,
    ambiguous INTEGER NOT NULL DEFAULT 0,
    spent INTEGER NOT NULL DEFAULT 0,
    last_event INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE models(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE completions(
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    text TEXT NOT NULL,
    more TEXT
) STRICT;

CREATE TABLE attempts(
    id INTEGER PRIMARY KEY,
    trial INTEGER NOT NULL,
    key BLOB NOT NULL,
    request BLOB NOT NULL,
    case_no INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    purpose INTEGER NOT NULL,
    number INTEGER NOT NULL,
    model INTEGER NOT NULL,
    reserved INTEGER,
    sent_at INTEGER NOT NULL,
    state INTEGER NOT NULL,
    cost INTEGER,
    cacheable INTEGER NOT NULL DEFAULT 0,
    status INTEGER,
    fault TEXT,
    error TEXT,
    retry_in INTEGER,
    content INTEGER,
    finish TEXT,
    input INTEGER, output INTEGER, cached_input INTEGER, cache_write INTEGER, reasoning INTEGER,
    answered_by TEXT, request_id TEXT, first_token REAL, latency REAL
) STRICT;
CREATE INDEX attempts_of_trial ON attempts(trial);
CREATE INDEX attempts_cached ON attempts(request) WHERE cacheable = 1;

CREATE TABLE replies(
    attempt INTEGER PRIMARY KEY,
    status INTEGER NOT NULL,
    headers TEXT NOT NULL,
    streamed INTEGER NOT NULL,
    first_token REAL,
    latency REAL,
    body BLOB NOT NULL
) STRICT;

CREATE TABLE trials(
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    case_no INTEGER,
    slot INTEGER,
    key BLOB NOT NULL,
    request BLOB NOT NULL,
    case_id TEXT NOT NULL,
    outcome INTEGER NOT NULL,
    score REAL,
    fault TEXT,
    error TEXT,
    cached INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    cost INTEGER,
    spent INTEGER NOT NULL,
    judge_spent INTEGER NOT NULL,
    content INTEGER,
    finish TEXT,
    input INTEGER, output INTEGER, cached_input INTEGER, cache_write INTEGER, reasoning INTEGER,
    answered_by TEXT, request_id TEXT, first_token REAL, latency REAL,
    checks TEXT,
    reasons TEXT
) STRICT;
CREATE UNIQUE INDEX trials_by_place ON trials(run, case_no, slot);

INSERT INTO runs(id, name, project, experiment, started_at, ended_at, state, header, passed, spent, last_event)
VALUES (1, '20261123-140501-7f3a', 'support', 'tone', 1795442701000000000, 1795442761000000000, 1,
    '{"id":"20261123-140501-7f3a","project":"support","experiment":"tone","definition":{"variants":["a","b"],"models":["m"],"dataset":"tickets"},"variants":["a","b"],"models":[{"id":"m","model":"m-1","origin":"https://api.example.com","scripted":false}],"dataset":"tickets","dataset_fingerprint":"0909090909090909090909090909090909090909090909090909090909090909","cases":1,"repeats":1,"started_at":"2026-11-23T14:05:01Z","program":"0.1.0","prices_dated":"2026-11-01"}',
    1, 10000000, 6);
INSERT INTO models VALUES (1, 'm');
INSERT INTO completions VALUES (1, x'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'Kind regards', NULL);
INSERT INTO attempts(id, trial, key, request, case_no, slot, purpose, number, model, reserved, sent_at, state, cost,
    cacheable, status, content, input, output, cached_input, cache_write, reasoning, latency)
VALUES (1099511627776, 1099511627776, x'0101010101010101010101010101010101010101010101010101010101010101', x'0202020202020202020202020202020202020202020202020202020202020202', 0, 0, -1, 0, 1, 20000000, 1795442701000000000, 1, 10000000, 1, 200, 1, 100, 20, 0, 0, 0, 900.25);
INSERT INTO trials(id, run, case_no, slot, key, request, case_id, outcome, score, cached, attempts, cost, spent,
    judge_spent, content, input, output, cached_input, cache_write, reasoning, latency, checks, reasons)
VALUES (1099511627776, 1, 0, 0, x'0101010101010101010101010101010101010101010101010101010101010101', x'0202020202020202020202020202020202020202020202020202020202020202', 'case-0', 0, 1.0, 0, 1, 10000000, 10000000, 0, 1, 100, 20, 0, 0, 0, 900.25,
    '[["exact",0,1.0,1.0]]', '["equal"]');
