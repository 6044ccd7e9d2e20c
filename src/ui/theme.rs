//! Colours and sizes as tokens, and the egui style that is made of them. They stand in `assets/theme/*.ron`.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use egui::epaint::Shadow;
use egui::style::{ScrollStyle, Selection, WidgetVisuals, Widgets};
use egui::{
    Color32, Context, CornerRadius, FontFamily, FontId, Margin, Stroke, Style, TextStyle, ThemePreference, vec2,
};
use serde::{Deserialize, Deserializer, de};

use crate::session::ThemeChoice;

static DARK: LazyLock<Theme> = LazyLock::new(|| Theme::embedded(include_str!("../../assets/theme/dark.ron")));
static LIGHT: LazyLock<Theme> = LazyLock::new(|| Theme::embedded(include_str!("../../assets/theme/light.ron")));
static SIZES: LazyLock<Sizes> = LazyLock::new(|| embedded(include_str!("../../assets/theme/sizes.ron")));

/// Every colour of one theme, and every size.
#[derive(Debug)]
pub struct Theme {
    pub grounds: Grounds,
    pub lines: Lines,
    pub texts: Texts,
    pub accent: Accent,
    pub verdicts: Verdicts,
    pub notices: NoticeColours,
    layers: BTreeMap<String, Hex>,
    series: Vec<Hex>,
    shadow: Color32,
    pub size: &'static Sizes,
}

impl Theme {
    /// The theme that is drawn now.
    #[must_use]
    pub fn of(ui: &egui::Ui) -> &'static Self {
        Self::dark_or_light(ui.visuals().dark_mode)
    }

    #[must_use]
    pub fn dark_or_light(dark: bool) -> &'static Self {
        if dark { &DARK } else { &LIGHT }
    }

    /// The hue of a layer's kind ([`crate::domain::Content::kind`]), the same everywhere.
    #[must_use]
    pub fn layer(&self, kind: &str) -> Color32 {
        self.layers.get(kind).map_or(self.texts.muted, |hue| hue.0)
    }

    /// The colour of the n-th series of a plot; they repeat.
    #[must_use]
    pub fn series(&self, index: usize) -> Color32 {
        let wrapped = index.checked_rem(self.series.len()).unwrap_or_default();
        self.series.get(wrapped).map_or(self.accent.plain, |hue| hue.0)
    }

    /// Text and ground of a tone.
    #[must_use]
    pub fn tone(&self, tone: Tone) -> (Color32, Color32) {
        let of = |pair: &Pair| (pair.plain, pair.soft);
        match tone {
            Tone::Neutral => (self.texts.muted, self.grounds.hover),
            Tone::Accent => (self.accent.plain, self.accent.soft),
            Tone::Pass => of(&self.verdicts.pass),
            Tone::Fail => of(&self.verdicts.fail),
            Tone::Unscored => of(&self.verdicts.unscored),
            Tone::Errored => of(&self.verdicts.errored),
            Tone::Info => of(&self.notices.info),
            Tone::Warning => of(&self.notices.warning),
        }
    }

    #[must_use]
    pub fn shadow(&self) -> Shadow {
        Shadow { offset: [0, 8], blur: 24, spread: 0, color: self.shadow }
    }

    fn embedded(text: &str) -> Self {
        let file: ThemeFile = embedded(text);
        let [red, green, blue, _] = file.shadow.0.to_array();
        Self {
            grounds: file.grounds,
            lines: file.lines,
            texts: file.texts,
            accent: file.accent,
            verdicts: file.verdicts,
            notices: file.notices,
            layers: file.layers,
            series: file.series,
            shadow: Color32::from_rgba_unmultiplied(red, green, blue, file.shadow_alpha),
            size: &SIZES,
        }
    }
}

/// What something says by its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    Neutral,
    Accent,
    Pass,
    Fail,
    Unscored,
    Errored,
    Info,
    Warning,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ThemeFile {
    grounds: Grounds,
    lines: Lines,
    texts: Texts,
    accent: Accent,
    verdicts: Verdicts,
    notices: NoticeColours,
    layers: BTreeMap<String, Hex>,
    series: Vec<Hex>,
    shadow: Hex,
    shadow_alpha: u8,
}

macro_rules! colours {
    ($($(#[$doc:meta])* $name:ident { $($field:ident),+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $(#[serde(deserialize_with = "hex")] pub $field: Color32),+ }
    )+};
}

colours! {
    /// What things stand on: `canvas` the window, `surface` cards, `raised` popups, `sunken` fields, and the states.
    Grounds { canvas, rail, surface, raised, sunken, hover, pressed }
    /// Lines between and around things; `focus` around what the keyboard is on.
    Lines { border, strong, focus }
    Texts { plain, muted, faint }
    /// The one accent; `on` is text on it.
    Accent { plain, hover, soft, on }
    /// A text colour and a soft ground for it.
    Pair { plain, soft }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdicts {
    pub pass: Pair,
    pub fail: Pair,
    pub unscored: Pair,
    pub errored: Pair,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeColours {
    pub info: Pair,
    pub warning: Pair,
}

/// Sizes in points, on a grid of 4.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    pub text: TextSizes,
    pub space: Spaces,
    pub radius: Radii,
    /// Height of a button or a field.
    pub control: f32,
    /// Height of a row in a list.
    pub row: f32,
    pub rail: f32,
    /// Of a narrow window: icons alone.
    pub narrow_rail: f32,
    pub top_bar: f32,
    pub bottom_bar: f32,
    /// The widest that a page of text and cards grows.
    pub page: f32,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextSizes {
    pub title: f32,
    pub heading: f32,
    pub body: f32,
    pub small: f32,
    pub mono: f32,
    pub icon: f32,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spaces {
    pub xs: f32,
    pub s: f32,
    pub m: f32,
    pub l: f32,
    pub xl: f32,
    pub xxl: f32,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Radii {
    pub control: u8,
    pub card: u8,
    pub pill: u8,
}

/// Gives egui both themes and the fonts. Once, at the start.
pub(super) fn install(ctx: &Context) {
    egui_material_icons::initialize(ctx);
    for theme in [egui::Theme::Dark, egui::Theme::Light] {
        ctx.set_style_of(theme, Arc::new(style(theme)));
    }
    ctx.options_mut(|options| options.zoom_with_keyboard = false);
}

/// Which theme is drawn, and how large.
pub(super) fn choose(ctx: &Context, choice: ThemeChoice, text_scale: f32) {
    ctx.set_theme(match choice {
        ThemeChoice::System => ThemePreference::System,
        ThemeChoice::Dark => ThemePreference::Dark,
        ThemeChoice::Light => ThemePreference::Light,
    });
    if (ctx.zoom_factor() - text_scale).abs() > f32::EPSILON {
        ctx.set_zoom_factor(text_scale);
    }
}

fn style(which: egui::Theme) -> Style {
    let theme = Theme::dark_or_light(which == egui::Theme::Dark);
    let size = theme.size;
    let mut style = which.default_style();
    let font = |points, family| FontId::new(points, family);
    style.text_styles = BTreeMap::from([
        (TextStyle::Heading, font(size.text.heading, FontFamily::Proportional)),
        (TextStyle::Body, font(size.text.body, FontFamily::Proportional)),
        (TextStyle::Button, font(size.text.body, FontFamily::Proportional)),
        (TextStyle::Small, font(size.text.small, FontFamily::Proportional)),
        (TextStyle::Monospace, font(size.text.mono, FontFamily::Monospace)),
    ]);
    style.spacing.item_spacing = vec2(size.space.s, size.space.s);
    style.spacing.button_padding = vec2(size.space.m, 5.0);
    style.spacing.interact_size = vec2(size.control, size.control);
    style.spacing.menu_margin = Margin::same(6);
    style.spacing.window_margin = Margin::same(16);
    style.spacing.icon_width = 18.0;
    style.spacing.icon_width_inner = 10.0;
    style.spacing.icon_spacing = 8.0;
    style.spacing.combo_width = 120.0;
    style.spacing.combo_height = 320.0;
    style.spacing.scroll = ScrollStyle { bar_width: 8.0, ..ScrollStyle::floating() };
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.4;
    style.animation_time = 0.1;
    visuals(&mut style.visuals, theme);
    style
}

fn visuals(visuals: &mut egui::Visuals, theme: &Theme) {
    let radius = CornerRadius::same(theme.size.radius.control);
    let card = CornerRadius::same(theme.size.radius.card);
    let line = |colour| Stroke::new(1.0, colour);
    let state = |ground, weak, edge, text| WidgetVisuals {
        bg_fill: ground,
        weak_bg_fill: weak,
        bg_stroke: edge,
        corner_radius: radius,
        fg_stroke: line(text),
        expansion: 0.0,
    };
    let Theme { grounds, lines, texts, accent, .. } = theme;
    visuals.widgets = Widgets {
        noninteractive: state(grounds.surface, grounds.surface, line(lines.border), texts.plain),
        inactive: state(grounds.hover, grounds.raised, line(lines.border), texts.plain),
        hovered: state(grounds.pressed, grounds.hover, line(lines.strong), texts.plain),
        active: state(grounds.pressed, grounds.pressed, Stroke::new(2.0, lines.focus), texts.plain),
        open: state(grounds.hover, grounds.hover, line(lines.strong), texts.plain),
    };
    visuals.weak_text_color = Some(texts.muted);
    visuals.selection = Selection { bg_fill: accent.soft, stroke: Stroke::new(1.5, accent.plain) };
    visuals.hyperlink_color = accent.plain;
    visuals.faint_bg_color = grounds.sunken;
    visuals.extreme_bg_color = grounds.sunken;
    visuals.text_edit_bg_color = Some(grounds.sunken);
    visuals.code_bg_color = grounds.sunken;
    visuals.warn_fg_color = theme.notices.warning.plain;
    visuals.error_fg_color = theme.verdicts.fail.plain;
    visuals.window_fill = grounds.raised;
    visuals.window_stroke = line(lines.strong);
    visuals.window_corner_radius = card;
    visuals.menu_corner_radius = card;
    visuals.window_shadow = theme.shadow();
    visuals.popup_shadow = theme.shadow();
    visuals.panel_fill = grounds.canvas;
    visuals.text_cursor.stroke = Stroke::new(2.0, accent.plain);
    visuals.indent_has_left_vline = false;
    visuals.slider_trailing_fill = true;
    visuals.handle_shape = egui::style::HandleShape::Circle;
    visuals.disabled_alpha = 0.6;
}

/// A file that is part of the program; a test reads each, so what ships can be read.
fn embedded<T: de::DeserializeOwned>(text: &str) -> T {
    match ron::from_str(text) {
        Ok(value) => value,
        Err(error) => panic!("a file in assets/theme cannot be read: {error}"),
    }
}

#[derive(Debug, Clone, Copy)]
struct Hex(Color32);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        hex(deserializer).map(Self)
    }
}

fn hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Color32, D::Error> {
    let text = String::deserialize(deserializer)?;
    Color32::from_hex(&text).map_err(|_| de::Error::custom(format!("`{text}` is not a colour like #3f4dd0")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2: relative luminance.
    fn luminance(colour: Color32) -> f64 {
        let linear = |channel: u8| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.03928 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
    }

    fn contrast(one: Color32, other: Color32) -> f64 {
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        if one > other { one / other } else { other / one }
    }

    fn pairs(theme: &Theme) -> Vec<(String, Color32, Color32)> {
        let Theme { grounds, texts, accent, verdicts, notices, .. } = theme;
        let tones = [
            ("pass", verdicts.pass),
            ("fail", verdicts.fail),
            ("unscored", verdicts.unscored),
            ("errored", verdicts.errored),
            ("info", notices.info),
            ("warning", notices.warning),
        ];
        let mut inks = vec![
            ("plain".to_owned(), texts.plain),
            ("muted".to_owned(), texts.muted),
            ("faint".to_owned(), texts.faint),
            ("accent".to_owned(), accent.plain),
        ];
        inks.extend(tones.map(|(name, pair)| (name.to_owned(), pair.plain)));
        inks.extend(theme.layers.iter().map(|(kind, hue)| (kind.clone(), hue.0)));
        let stands = [
            ("canvas", grounds.canvas),
            ("rail", grounds.rail),
            ("surface", grounds.surface),
            ("raised", grounds.raised),
            ("sunken", grounds.sunken),
            ("hover", grounds.hover),
            ("pressed", grounds.pressed),
        ];
        let mut all: Vec<_> = inks
            .iter()
            .flat_map(|(ink, text)| stands.map(|(ground, below)| (format!("{ink} on {ground}"), *text, below)))
            .collect();
        for (name, pair) in tones {
            for (ink, text) in [("itself", pair.plain), ("plain", texts.plain), ("muted", texts.muted)] {
                all.push((format!("{ink} on soft {name}"), text, pair.soft));
            }
        }
        for (ink, text) in [("itself", accent.plain), ("plain", texts.plain), ("muted", texts.muted)] {
            all.push((format!("{ink} on soft accent"), text, accent.soft));
        }
        all.push(("text on accent".to_owned(), accent.on, accent.plain));
        all.push(("text on hovered accent".to_owned(), accent.on, accent.hover));
        all
    }

    #[test]
    fn every_text_can_be_read_on_every_ground_in_both_themes() {
        for dark in [true, false] {
            for (what, text, ground) in pairs(Theme::dark_or_light(dark)) {
                let found = contrast(text, ground);
                assert!(found >= 4.5, "dark: {dark}: {what}: {found:.2} : 1");
            }
        }
    }

    #[test]
    fn every_series_and_focus_ring_stands_out() {
        for dark in [true, false] {
            let theme = Theme::dark_or_light(dark);
            for index in 0..theme.series.len() {
                let found = contrast(theme.series(index), theme.grounds.surface);
                assert!(found >= 3.0, "dark: {dark}: series {index}: {found:.2} : 1");
            }
            assert!(contrast(theme.lines.focus, theme.grounds.canvas) >= 3.0);
        }
    }

    /// A colour in CIE L*a*b*, as seen through `eyes`.
    fn seen(colour: Color32, eyes: &[[f64; 3]; 3]) -> [f64; 3] {
        let linear = |channel: u8| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        let light = [linear(colour.r()), linear(colour.g()), linear(colour.b())];
        let times = |rows: &[[f64; 3]; 3], light: [f64; 3]| {
            rows.map(|row| row.iter().zip(light).map(|(share, part)| share * part).sum::<f64>())
        };
        let space = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]];
        let seen = times(eyes, light).map(|part| part.clamp(0.0, 1.0));
        let [x, y, z] = times(&space, seen);
        let curve = |part: f64| if part > 0.008_856 { part.cbrt() } else { 7.787 * part + 16.0 / 116.0 };
        let (x, y, z) = (curve(x / 0.9505), curve(y), curve(z / 1.089));
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    #[test]
    fn the_series_can_be_told_apart_by_the_colour_blind() {
        // Machado, Oliveira and Fernandes 2009: full protanopia and deuteranopia.
        let eyes = [
            [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
            [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_82, 0.042_94, 0.968_881]],
        ];
        for dark in [true, false] {
            let theme = Theme::dark_or_light(dark);
            for (eye, first) in eyes.iter().flat_map(|eye| (0..theme.series.len()).map(move |first| (eye, first))) {
                for second in first + 1..theme.series.len() {
                    let (one, other) = (seen(theme.series(first), eye), seen(theme.series(second), eye));
                    let apart = one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                    assert!(apart >= 12.0, "dark: {dark}: series {first} and {second}: {apart:.1}");
                }
            }
        }
    }

    #[test]
    fn every_kind_of_layer_has_a_hue_of_its_own() {
        for dark in [true, false] {
            let theme = Theme::dark_or_light(dark);
            let kinds = ["Foundation", "Context", "Task", "Text", "Examples", "Snippet", "Tools", "History"];
            let mut hues: Vec<_> = kinds.map(|kind| theme.layers[kind].0.to_array()).to_vec();
            hues.sort_unstable();
            hues.dedup();
            assert_eq!(hues.len(), kinds.len());
        }
    }
}
