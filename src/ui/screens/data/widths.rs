//! How wide the columns are: the room is shared by what stands in them, and what a person has dragged stays.

use std::collections::BTreeMap;

use super::view::ColumnView;
use crate::domain::ColumnRole;

/// Points that no column falls below, and that none is dragged past.
pub(super) const RANGE: (f32, f32) = (60.0, 1200.0);
/// The width of a letter, about.
const LETTER: f32 = 7.4;
/// Beside a text: room before and after it.
const AROUND: f32 = 24.0;
/// Beside a name: its icon, and room around them.
const HEAD: f32 = 52.0;
const SHIELD: f32 = 24.0;

/// Widths that a person has dragged, by [`ColumnView::full_name`].
pub(super) type Dragged = BTreeMap<String, f32>;

/// What a column asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Wish {
    /// Below this its text says too little, and the table scrolls instead.
    pub least: f32,
    /// Shows its longest text in full.
    pub full: f32,
    /// What a person has dragged it to.
    pub dragged: Option<f32>,
}

/// The wish of a column whose longest text, of those that were looked at, has this many letters.
pub(super) fn wish(column: &ColumnView, longest: usize) -> Wish {
    #[expect(clippy::cast_precision_loss, reason = "at most a few hundred letters")]
    let wide = |letters: usize, around: f32| letters as f32 * LETTER + around;
    let head = wide(column.name.chars().count(), if column.untrusted { HEAD + SHIELD } else { HEAD });
    let full = wide(longest, AROUND).max(head).clamp(72.0, RANGE.1);
    let most = match column.role {
        ColumnRole::Id => 180.0,
        ColumnRole::Input => 140.0,
        ColumnRole::Note | ColumnRole::Expected | ColumnRole::Tags => 112.0,
    };
    Wish { least: full.min(most), full, dragged: None }
}

/// A width for each column, in points. What is left of the room beyond the least widths goes to the columns whose text
/// is cut, in proportion to what is cut of it (as automatic tables of web pages do); what is left when nothing is cut,
/// to all in proportion. The widths come to the room unless they cannot.
pub(super) fn share(wishes: &[Wish], room: f32) -> Vec<f32> {
    let dragged: f32 = wishes.iter().filter_map(|wish| wish.dragged).sum();
    let free = || wishes.iter().filter(|wish| wish.dragged.is_none());
    let (least, full) = (free().map(|wish| wish.least).sum::<f32>(), free().map(|wish| wish.full).sum::<f32>());
    let room = (room - dragged).max(least);
    let of = |wish: &Wish| match wish.dragged {
        Some(width) => width,
        None if room < full => wish.least + (wish.full - wish.least) * (room - least) / (full - least),
        None => wish.full * room / full,
    };
    wishes.iter().map(of).collect()
}

/// Keeps what a person drags: the column, and those before it, so that its edge stays under the pointer; those after it
/// share the rest.
pub(super) fn drag(dragged: &mut Dragged, columns: &[ColumnView], widths: &[f32], at: usize, to: f32) {
    for (column, width) in columns.iter().zip(widths).take(at) {
        dragged.entry(column.full_name()).or_insert(*width);
    }
    if let Some(column) = columns.get(at) {
        dragged.insert(column.full_name(), to.clamp(RANGE.0, RANGE.1));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn column(name: &str) -> ColumnView {
        ColumnView { role: ColumnRole::Input, name: name.to_owned(), untrusted: false }
    }

    #[test]
    fn long_texts_get_the_room_that_short_ones_leave() {
        let wishes = [wish(&column("id"), 8), wish(&column("subject"), 40), wish(&column("body"), 200)];
        let widths = share(&wishes, 1000.0);
        assert!((widths.iter().sum::<f32>() - 1000.0).abs() < 0.1, "{widths:?}");
        assert!((widths[0] - wishes[0].full).abs() < 0.1, "short texts stand in full: {widths:?}");
        assert!(widths[2] > widths[1] * 1.5, "{widths:?}");
    }

    #[test]
    fn where_there_is_no_room_the_table_scrolls() {
        let wishes = [wish(&column("a"), 200), wish(&column("b"), 200)];
        assert_eq!(share(&wishes, 200.0), [140.0, 140.0]);
    }

    #[test]
    fn a_dragged_column_stays_and_those_after_it_share_the_rest() {
        let columns = [column("a"), column("b"), column("c"), column("d")];
        let wishes = columns.each_ref().map(|column| wish(column, 100));
        let before = share(&wishes, 1200.0);
        let mut dragged = Dragged::new();
        drag(&mut dragged, &columns, &before, 1, 420.0);
        let wishes: Vec<Wish> = columns
            .iter()
            .zip(wishes)
            .map(|(column, wish)| Wish { dragged: dragged.get(&column.full_name()).copied(), ..wish })
            .collect();
        let after = share(&wishes, 1200.0);
        assert!((after[0] - before[0]).abs() < 0.1 && (after[1] - 420.0).abs() < 0.1, "{after:?}");
        assert!((after.iter().sum::<f32>() - 1200.0).abs() < 0.1, "{after:?}");
        // The window grows: what was dragged stays.
        assert!((share(&wishes, 1600.0)[1] - 420.0).abs() < 0.1);
    }

    proptest! {
        #[test]
        fn the_room_is_filled_and_longer_texts_are_never_narrower(
            letters in proptest::collection::vec(0_usize..400, 1..8),
            room in 100_f32..3000.0,
        ) {
            let wishes: Vec<Wish> = letters.iter().map(|letters| wish(&column("name"), *letters)).collect();
            let widths = share(&wishes, room);
            let (sum, least) = (widths.iter().sum::<f32>(), wishes.iter().map(|wish| wish.least).sum::<f32>());
            prop_assert!((sum - room.max(least)).abs() < 0.5, "{widths:?}");
            for (one, other) in (0..letters.len()).flat_map(|one| (0..letters.len()).map(move |other| (one, other))) {
                if letters[one] <= letters[other] {
                    prop_assert!(widths[one] <= widths[other] + 0.01, "{widths:?}");
                }
            }
            prop_assert!(widths.iter().zip(&wishes).all(|(width, wish)| *width >= wish.least - 0.01));
        }
    }
}
