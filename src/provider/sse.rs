//! Cuts a body into events as its bytes arrive: server-sent events, or JSON lines.
//!
//! Chunks may be cut anywhere, between the bytes of a character or of a CRLF included; the events do not depend on it.

/// The most bytes that one event may have before its end is seen.
pub const EVENT_CAP: usize = 8 << 20;

/// How a body is cut into events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// `text/event-stream`.
    Sse,
    /// A JSON value on each line.
    Lines,
}

/// One event. For JSON lines the kind is empty and the data is the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    pub kind: &'a str,
    pub data: &'a str,
    /// The body ended before the event did, so it may be cut.
    pub cut: bool,
}

/// An event is larger than [`EVENT_CAP`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("one event of the stream is larger than {} MB", EVENT_CAP >> 20)]
pub struct EventTooLarge;

/// An incremental decoder.
#[derive(Debug)]
pub struct Decoder {
    framing: Framing,
    cap: usize,
    /// The beginning of a line whose end has not come yet.
    line: Vec<u8>,
    data: String,
    kind: String,
    has_data: bool,
    /// The last byte was a CR, so an LF that follows belongs to it.
    after_cr: bool,
    /// No line has ended yet, so a byte order mark may stand before it.
    at_start: bool,
    events: u64,
}

impl Decoder {
    #[must_use]
    pub fn new(framing: Framing) -> Self {
        Self {
            framing,
            cap: EVENT_CAP,
            line: Vec::new(),
            data: String::new(),
            kind: String::new(),
            has_data: false,
            after_cr: false,
            at_start: true,
            events: 0,
        }
    }

    /// How many events and comments were complete so far: a sign of life.
    #[must_use]
    pub const fn signs_of_life(&self) -> u64 {
        self.events
    }

    /// Bytes that it keeps until their event is complete.
    #[must_use]
    pub const fn kept(&self) -> usize {
        self.line.capacity() + self.data.capacity()
    }

    /// Takes in the next bytes and gives each event that they complete.
    ///
    /// # Errors
    /// An event larger than the cap; the decoder is of no use after it.
    pub fn push(&mut self, mut chunk: &[u8], on_event: &mut dyn FnMut(Event<'_>)) -> Result<(), EventTooLarge> {
        if self.after_cr && !chunk.is_empty() {
            self.after_cr = false;
            chunk = chunk.strip_prefix(b"\n").unwrap_or(chunk);
        }
        while let Some(end) = chunk.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (line, ended) = (&chunk[..end], chunk[end]);
            if self.line.len() + self.data.len() + line.len() > self.cap {
                return Err(EventTooLarge);
            }
            if self.line.is_empty() {
                self.take_line(line, on_event);
            } else {
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                self.take_line(&whole, on_event);
                whole.clear();
                self.line = whole;
            }
            chunk = &chunk[end + 1..];
            if ended == b'\r' {
                match chunk.split_first() {
                    Some((b'\n', rest)) => chunk = rest,
                    Some(_) => {}
                    None => self.after_cr = true,
                }
            }
        }
        if self.line.len() + self.data.len() + chunk.len() > self.cap {
            return Err(EventTooLarge);
        }
        self.line.extend_from_slice(chunk);
        Ok(())
    }

    /// Ends the body: what stands in it without its end is given as a cut event.
    pub fn finish(mut self, on_event: &mut dyn FnMut(Event<'_>)) {
        let line = std::mem::take(&mut self.line);
        if self.framing == Framing::Lines {
            let line = String::from_utf8_lossy(&line);
            if !line.trim().is_empty() {
                on_event(Event { kind: "", data: line.trim(), cut: true });
            }
            return;
        }
        if !line.is_empty() {
            self.take_line(&line, on_event);
        }
        if self.has_data {
            on_event(Event { kind: &self.kind, data: &self.data, cut: true });
        }
    }

    fn take_line(&mut self, line: &[u8], on_event: &mut dyn FnMut(Event<'_>)) {
        let line = if std::mem::take(&mut self.at_start) {
            line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line)
        } else {
            line
        };
        let line = String::from_utf8_lossy(line);
        match self.framing {
            Framing::Lines => {
                let data = line.trim();
                if !data.is_empty() {
                    self.events += 1;
                    on_event(Event { kind: "", data, cut: false });
                }
            }
            Framing::Sse => self.take_field(&line, on_event),
        }
    }

    fn take_field(&mut self, line: &str, on_event: &mut dyn FnMut(Event<'_>)) {
        if line.is_empty() {
            if std::mem::take(&mut self.has_data) {
                self.events += 1;
                on_event(Event { kind: &self.kind, data: &self.data, cut: false });
            }
            self.data.clear();
            self.kind.clear();
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            "event" => value.clone_into(&mut self.kind),
            // A comment, which servers send to keep a quiet connection open.
            "" => self.events += 1,
            _ => {}
        }
    }
}

/// Cuts a whole body.
///
/// # Errors
/// An event larger than the cap.
pub fn each_event(framing: Framing, body: &[u8], mut on_event: impl FnMut(Event<'_>)) -> Result<(), EventTooLarge> {
    let mut decoder = Decoder::new(framing);
    decoder.push(body, &mut on_event)?;
    decoder.finish(&mut on_event);
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Seen = Vec<(String, String, bool)>;

    fn decode<'a>(framing: Framing, chunks: impl IntoIterator<Item = &'a [u8]>) -> Seen {
        let mut seen = Vec::new();
        let mut on_event = |event: Event<'_>| seen.push((event.kind.to_owned(), event.data.to_owned(), event.cut));
        let mut decoder = Decoder::new(framing);
        for chunk in chunks {
            decoder.push(chunk, &mut on_event).unwrap();
        }
        decoder.finish(&mut on_event);
        seen
    }

    fn check(body: &str, expect: &[(&str, &str)]) {
        let expect: Seen = expect.iter().map(|(kind, data)| ((*kind).to_owned(), (*data).to_owned(), false)).collect();
        assert_eq!(decode(Framing::Sse, [body.as_bytes()]), expect, "{body:?}");
        assert_eq!(decode(Framing::Sse, body.as_bytes().chunks(1)), expect, "{body:?} byte by byte");
    }

    #[test]
    fn every_line_end_ends_a_line() {
        check("data: a\n\ndata: b\n\n", &[("", "a"), ("", "b")]);
        check("data: a\r\n\r\ndata: b\r\n\r\n", &[("", "a"), ("", "b")]);
        check("data: a\r\rdata: b\r\r", &[("", "a"), ("", "b")]);
        check("data: a\r\n\rdata: b\n\r\n", &[("", "a"), ("", "b")]);
    }

    #[test]
    fn fields_are_read_as_the_standard_says() {
        check("data:a\n\n", &[("", "a")]);
        check("data:  a\n\n", &[("", " a")]);
        check("data: a\ndata\ndata: b\n\n", &[("", "a\n\nb")]);
        check("event: error\ndata: {}\n\n", &[("error", "{}")]);
        check("event: lost\n\ndata: x\n\n", &[("", "x")]);
        check(": comment\nid: 7\nretry: 10\nunknown: y\ndata: x\n\n", &[("", "x")]);
        check("\u{feff}data: x\n\n", &[("", "x")]);
        check("data: {\"a\":\"\u{2028}\u{85}é🦀\"}\n\n", &[("", "{\"a\":\"\u{2028}\u{85}é🦀\"}")]);
        check("\n\n\n", &[]);
    }

    #[test]
    fn an_event_without_its_end_is_given_as_cut() {
        assert_eq!(decode(Framing::Sse, ["data: [DONE]".as_bytes()]), [(String::new(), "[DONE]".to_owned(), true)]);
        assert_eq!(decode(Framing::Sse, ["data: a\n".as_bytes()]), [(String::new(), "a".to_owned(), true)]);
        assert_eq!(decode(Framing::Lines, ["{\"a\":".as_bytes()]), [(String::new(), "{\"a\":".to_owned(), true)]);
    }

    #[test]
    fn json_lines_are_events_of_their_own() {
        let seen = decode(Framing::Lines, ["{\"a\":1}\n\r\n {\"b\":2} \r\n".as_bytes()]);
        let expect = ["{\"a\":1}", "{\"b\":2}"].map(|line| (String::new(), line.to_owned(), false));
        assert_eq!(seen, expect);
    }

    #[test]
    fn bytes_that_are_not_utf8_become_replacement_characters() {
        assert_eq!(
            decode(Framing::Sse, [b"data: a\xffb\n\n".as_slice()]),
            [(String::new(), "a\u{fffd}b".to_owned(), false)]
        );
    }

    #[test]
    fn an_event_over_the_cap_is_refused() {
        let endless = |framing, piece: &[u8]| {
            let mut decoder = Decoder { cap: 64, ..Decoder::new(framing) };
            (0..100).any(|_| decoder.push(piece, &mut |_| {}).is_err())
        };
        assert!(endless(Framing::Sse, b"data: never a line end"));
        assert!(endless(Framing::Sse, b"data: never a blank line\n"));
        assert!(endless(Framing::Lines, b"{{{{"));
        assert!(!endless(Framing::Sse, b"data: small\n\n"));
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_events(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "data: ", "data:", "event: x", ": c", "é", "🦀", "{\"a\":1}", "\n", "\n\n", "\r", "\r\n", "\r\n\r\n",
                    "\u{feff}", " ", "[DONE]",
                ]),
                0..40,
            ),
            cuts in prop::collection::vec(1_usize..9, 1..40),
            lines in any::<bool>(),
        ) {
            let framing = if lines { Framing::Lines } else { Framing::Sse };
            let body = parts.concat();
            let (mut rest, mut chunks) = (body.as_bytes(), Vec::new());
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (chunk, after) = rest.split_at((*cut).min(rest.len()));
                chunks.push(chunk);
                rest = after;
            }
            prop_assert_eq!(decode(framing, chunks), decode(framing, [body.as_bytes()]));
        }
    }
}
