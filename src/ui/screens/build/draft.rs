//! What a frame edits: copies of the prompt and the variant, sent back where they differ at its end.

use std::sync::Arc;

use crate::domain::{Content, Definition, Layer, LayerId, Override, Prompt, Variant};
use crate::session::{Command, Session};
use crate::ui::sender::CommandSender;

pub(super) struct Draft {
    pub prompt: Prompt,
    pub variant: Option<Variant>,
}

impl Draft {
    pub fn of(session: &Session) -> Option<Self> {
        let prompt = session.prompt()?;
        let fits = session.variant().filter(|variant| Some(&variant.prompt) == session.selection().prompt.as_ref());
        Some(Self { prompt: (**prompt).clone(), variant: fits.map(|variant| (**variant).clone()) })
    }

    /// Sends what was changed.
    pub fn send(self, session: &Session, sender: &CommandSender) {
        let same = session.prompt().is_some_and(|prompt| **prompt == self.prompt);
        if let Some(key) = session.prompt_key().filter(|_| !same) {
            sender.send(Command::Edit { key, definition: Some(Definition::Prompt(Arc::new(self.prompt))) });
        }
        let Some(variant) = self.variant else { return };
        let same = session.variant().is_some_and(|known| **known == variant);
        if let Some(key) = session.variant_key().filter(|_| !same) {
            sender.send(Command::Edit { key, definition: Some(Definition::Variant(Arc::new(variant))) });
        }
    }

    pub fn layer(&self, id: &LayerId) -> Option<&Layer> {
        self.prompt.layer(id)
    }

    pub fn layer_mut(&mut self, id: &LayerId) -> Option<&mut Layer> {
        self.prompt.layers.iter_mut().find(|layer| layer.id == *id)
    }

    /// What the form edits: the variant's own content where it replaces the layer's, else the layer's.
    pub fn content_mut(&mut self, id: &LayerId) -> Option<&mut Content> {
        let replaced = self.variant.as_mut().and_then(|variant| variant.layers.get_mut(id));
        if let Some(Override::Replace(content)) = replaced {
            return Some(content);
        }
        self.prompt.layers.iter_mut().find(|layer| layer.id == *id).map(|layer| &mut layer.content)
    }
}
