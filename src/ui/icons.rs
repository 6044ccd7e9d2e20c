//! Which icon stands for what.

use egui_material_icons::MaterialIcon;
use egui_material_icons::icons as all;

use crate::session::Route;

pub(super) const fn of_route(route: Route) -> MaterialIcon {
    match route {
        Route::Home => all::ICON_HOME,
        Route::Build => all::ICON_LAYERS,
        Route::Data => all::ICON_DATABASE,
        Route::Experiment => all::ICON_SCIENCE,
        Route::Results => all::ICON_GRID_VIEW,
        Route::Plots => all::ICON_BAR_CHART,
        Route::Release => all::ICON_ROCKET_LAUNCH,
        Route::Calls => all::ICON_RECEIPT_LONG,
        Route::Settings => all::ICON_SETTINGS,
    }
}
