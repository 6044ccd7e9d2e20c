//! Shapes by which models are told apart, the same in the window, in legends and in files.

use egui::{Painter, Pos2, Shape, Stroke, vec2};
use egui_plot::MarkerShape;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    Circle,
    Diamond,
    Up,
    Square,
    Down,
    Right,
}

impl Marker {
    /// The shape of the n-th model; they repeat.
    pub fn of(shape: usize) -> Self {
        const ALL: [Marker; 6] =
            [Marker::Circle, Marker::Diamond, Marker::Up, Marker::Square, Marker::Down, Marker::Right];
        ALL[shape % ALL.len()]
    }

    pub const fn in_plot(self) -> MarkerShape {
        match self {
            Self::Circle => MarkerShape::Circle,
            Self::Diamond => MarkerShape::Diamond,
            Self::Up => MarkerShape::Up,
            Self::Square => MarkerShape::Square,
            Self::Down => MarkerShape::Down,
            Self::Right => MarkerShape::Right,
        }
    }

    /// Its corners around (0, 0) within a circle of radius 1, downwards positive; none for a circle.
    pub const fn corners(self) -> &'static [(f32, f32)] {
        match self {
            Self::Circle => &[],
            Self::Diamond => &[(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)],
            Self::Up => &[(0.0, -1.0), (0.87, 0.5), (-0.87, 0.5)],
            Self::Square => &[(-0.75, -0.75), (0.75, -0.75), (0.75, 0.75), (-0.75, 0.75)],
            Self::Down => &[(0.0, 1.0), (-0.87, -0.5), (0.87, -0.5)],
            Self::Right => &[(1.0, 0.0), (-0.5, 0.87), (-0.5, -0.87)],
        }
    }

    /// Paints it for a legend.
    pub fn paint(self, painter: &Painter, centre: Pos2, radius: f32, colour: egui::Color32) {
        let corners: Vec<Pos2> = self.corners().iter().map(|(x, y)| centre + vec2(*x, *y) * radius).collect();
        if corners.is_empty() {
            painter.circle_filled(centre, radius * 0.85, colour);
        } else {
            painter.add(Shape::convex_polygon(corners, colour, Stroke::NONE));
        }
    }
}
