//! The sign of a verdict. It differs by shape as well as by colour, and says its word to those who do not see it.

use egui::{Color32, Pos2, Rect, Response, Role, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::domain::{Outcome, Verdict};
use crate::ui::theme::Theme;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VerdictMark {
    Pass,
    Fail,
    /// Could not be told.
    Unscored,
    /// Machinery failed.
    Errored,
    /// Under way.
    Running,
    /// Not begun.
    Pending,
}

impl VerdictMark {
    #[must_use]
    pub const fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Errored(_) => Self::Errored,
            Outcome::Unscored(_) => Self::Unscored,
            Outcome::Scored(score) => match score.verdict {
                Verdict::Pass => Self::Pass,
                Verdict::Fail => Self::Fail,
                Verdict::Unscored => Self::Unscored,
            },
        }
    }

    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "Pass",
            Self::Fail => "Fail",
            Self::Unscored => "Unscored",
            Self::Errored => "Errored",
            Self::Running => "Running",
            Self::Pending => "Pending",
        }
    }

    #[must_use]
    pub const fn colour(self, theme: &Theme) -> Color32 {
        match self {
            Self::Pass => theme.verdicts.pass.plain,
            Self::Fail => theme.verdicts.fail.plain,
            Self::Unscored => theme.verdicts.unscored.plain,
            Self::Errored => theme.verdicts.errored.plain,
            Self::Running => theme.accent.plain,
            Self::Pending => theme.lines.strong,
        }
    }

    /// Paints the sign into a square: pass a disc with a tick, fail a square with a cross, unscored an open diamond,
    /// errored a triangle, running a ring in part, pending a small ring. For lists that paint many.
    pub fn paint(self, painter: &egui::Painter, rect: Rect, theme: &Theme) {
        let colour = self.colour(theme);
        let ink = theme.grounds.surface;
        let (centre, radius) = (rect.center(), rect.width().min(rect.height()) / 2.0);
        let at = |x: f32, y: f32| pos2(centre.x + x * radius, centre.y + y * radius);
        let line = |points: Vec<Pos2>| Shape::line(points, Stroke::new((radius * 0.24).max(1.2), ink));
        match self {
            Self::Pass => {
                painter.circle_filled(centre, radius, colour);
                painter.add(line(vec![at(-0.42, 0.05), at(-0.1, 0.38), at(0.45, -0.32)]));
            }
            Self::Fail => {
                painter.rect_filled(Rect::from_center_size(centre, vec2(radius, radius) * 1.8), radius * 0.35, colour);
                painter.add(line(vec![at(-0.38, -0.38), at(0.38, 0.38)]));
                painter.add(line(vec![at(-0.38, 0.38), at(0.38, -0.38)]));
            }
            Self::Unscored => {
                let corners = vec![at(0.0, -0.9), at(0.9, 0.0), at(0.0, 0.9), at(-0.9, 0.0)];
                painter.add(Shape::closed_line(corners, Stroke::new((radius * 0.26).max(1.4), colour)));
            }
            Self::Errored => {
                let corners = vec![at(0.0, -0.9), at(1.0, 0.82), at(-1.0, 0.82)];
                painter.add(Shape::convex_polygon(corners, colour, Stroke::NONE));
                painter.add(line(vec![at(0.0, -0.3), at(0.0, 0.28)]));
                painter.circle_filled(at(0.0, 0.56), (radius * 0.14).max(0.8), ink);
            }
            Self::Running => {
                painter.circle_stroke(centre, radius * 0.8, Stroke::new(1.5, theme.lines.strong));
                painter.circle_filled(centre, radius * 0.35, colour);
            }
            Self::Pending => {
                painter.circle_stroke(centre, radius * 0.55, Stroke::new(1.2, colour));
            }
        }
    }
}

/// The sign, `size` points high, with its word as name and tooltip.
pub fn verdict_mark(ui: &mut Ui, mark: VerdictMark, size: f32) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(size, size), Sense::hover());
    mark.paint(ui.painter(), rect, Theme::of(ui));
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, mark.word()));
    response.on_hover_text(mark.word())
}
