//! The screens by name, in the order of the work.

/// Where a person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Route {
    #[default]
    Home,
    Build,
    Data,
    Experiment,
    Results,
    Plots,
    Release,
    Calls,
    Settings,
}

impl Route {
    /// All of them, in the order in which they stand in the rail; Calls and Settings stand apart at its foot.
    pub const ALL: [Self; 9] = [
        Self::Home,
        Self::Build,
        Self::Data,
        Self::Experiment,
        Self::Results,
        Self::Plots,
        Self::Release,
        Self::Calls,
        Self::Settings,
    ];

    /// The word in the rail, and the screen's title.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Home => "Home",
            Self::Build => "Build",
            Self::Data => "Data",
            Self::Experiment => "Experiment",
            Self::Results => "Results",
            Self::Plots => "Plots",
            Self::Release => "Release",
            Self::Calls => "Calls",
            Self::Settings => "Settings",
        }
    }

    /// What one does there, as a sentence.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Home => "Open a workspace and see its last runs.",
            Self::Build => "Compose a prompt out of layers and see it rendered.",
            Self::Data => "See and edit the cases that a prompt is tried on.",
            Self::Experiment => "Choose variants, models, cases and checks, and see what a run would cost.",
            Self::Results => "Read the answers of a run, cell by cell, and compare columns.",
            Self::Plots => "See success, cost and latency side by side.",
            Self::Release => "Freeze a version with its evidence and export it to git.",
            Self::Calls => "See every call to a model, what it cost, what failed, and the alerts.",
            Self::Settings => "Endpoints and keys, prices, theme, text size, trust.",
        }
    }

    /// Whether the screen needs an open workspace.
    #[must_use]
    pub const fn needs_workspace(self) -> bool {
        !matches!(self, Self::Home | Self::Settings)
    }

    /// Whether it stands at the foot of the rail: it is no step of the work.
    #[must_use]
    pub const fn is_apart(self) -> bool {
        matches!(self, Self::Calls | Self::Settings)
    }

    /// The digit of its shortcut: its place among the steps, from 1, and 9 for Calls. Settings has a shortcut of its own.
    #[must_use]
    pub fn digit(self) -> Option<u8> {
        match self {
            Self::Settings => None,
            Self::Calls => Some(9),
            _ => Self::ALL.iter().zip(1..).find(|(route, _)| **route == self).map(|(_, digit)| digit),
        }
    }
}
