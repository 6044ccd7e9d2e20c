//! Traffic: the requests of many users, each at its time, against the limits of their tiers. Time is simulated: a
//! request takes as long as it was recorded to take, and nobody waits for it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::users::{Refusal, UnknownZone, UserShare, UserTicket, Users, When};
use crate::domain::UserLimits;

/// A request of a user.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    pub user: String,
    /// As the user says it; one that is not listed is the default tier.
    pub tier: String,
    pub at: Timestamp,
    /// What is set aside for it before it is sent.
    pub most: UserShare,
    /// What it took; where nobody knows, what was set aside stays taken.
    pub took: Option<UserShare>,
    /// From its arrival until it is settled.
    pub lasts: Duration,
}

/// Lets the requests in by the time of their arrival, those of one moment in the order in which they stand here, and
/// says of each, in that order, whether it was served. One that is refused does not come again.
///
/// # Errors
/// A tier's time zone is not known.
pub fn rehearse(limits: &UserLimits, visits: &[Visit]) -> Result<Vec<Result<(), Refusal>>, UnknownZone> {
    let users = Users::new(limits.clone())?;
    let mut order: Vec<usize> = (0..visits.len()).collect();
    order.sort_by_key(|index| visits[*index].at);
    let clock = Clock::starting(order.first().map_or(Timestamp::UNIX_EPOCH, |first| visits[*first].at));
    let mut under_way = UnderWay::default();
    let mut answers: Vec<Result<(), Refusal>> = vec![Ok(()); visits.len()];
    for index in order {
        let visit = &visits[index];
        under_way.settle(visit.at, visits);
        match users.reserve(&visit.user, &visit.tier, visit.most, clock.when(visit.at)) {
            Ok(ticket) => under_way.send(index, visit, ticket),
            Err(refusal) => answers[index] = Err(refusal),
        }
    }
    under_way.settle(Timestamp::MAX, visits);
    Ok(answers)
}

/// Both clocks of simulated time.
struct Clock {
    first: Timestamp,
    /// Any instant: only what lies between two of them matters.
    origin: Instant,
}

impl Clock {
    fn starting(first: Timestamp) -> Self {
        Self { first, origin: Instant::now() }
    }

    fn when(&self, at: Timestamp) -> When {
        let since = at.duration_since(self.first).unsigned_abs();
        When { clock: self.origin.checked_add(since).unwrap_or(self.origin), date: at }
    }
}

/// Requests that were sent and are not settled, the first to end on top.
#[derive(Default)]
struct UnderWay {
    ends: BinaryHeap<Reverse<(Timestamp, usize)>>,
    tickets: HashMap<usize, UserTicket>,
}

impl UnderWay {
    fn send(&mut self, index: usize, visit: &Visit, mut ticket: UserTicket) {
        ticket.mark_sent();
        let end = visit.at.checked_add(visit.lasts).unwrap_or(Timestamp::MAX);
        self.ends.push(Reverse((end, index)));
        self.tickets.insert(index, ticket);
    }

    /// Settles what has ended until then.
    fn settle(&mut self, until: Timestamp, visits: &[Visit]) {
        while self.ends.peek().is_some_and(|Reverse((end, _))| *end <= until) {
            let Some(Reverse((_, index))) = self.ends.pop() else { return };
            if let (Some(ticket), Some(took)) = (self.tickets.remove(&index), visits[index].took) {
                ticket.settle(took);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{Tier, Usd};
    use crate::engine::UserLimit;

    fn limits(requests_per_minute: u32, tokens_per_day: u64) -> UserLimits {
        let tier =
            Tier { requests_per_minute, tokens_per_day, cost_per_day: Usd::from_nanos(i64::MAX), ..Tier::default() };
        UserLimits { on: true, tiers: [("free".to_owned(), tier)].into(), ..UserLimits::default() }
    }

    fn visit(user: &str, second: i64, tokens: u64, took: u64) -> Visit {
        let share = |tokens| UserShare { tokens, cost: Usd::ZERO };
        Visit {
            user: user.to_owned(),
            tier: String::new(),
            at: Timestamp::from_second(1_764_000_000 + second).unwrap(),
            most: share(tokens),
            took: Some(share(took)),
            lasts: Duration::from_secs(5),
        }
    }

    fn refused(limits: &UserLimits, visits: &[Visit]) -> Vec<usize> {
        let answers = rehearse(limits, visits).unwrap();
        answers.iter().enumerate().filter(|(_, answer)| answer.is_err()).map(|(index, _)| index).collect()
    }

    #[test]
    fn a_minute_holds_so_many_requests_of_each_user() {
        let visits: Vec<Visit> = (0..6).flat_map(|second| ["a", "b"].map(|user| visit(user, second, 1, 1))).collect();
        assert_eq!(refused(&limits(5, 100), &visits), [10, 11], "the sixth of each");
        let spread: Vec<Visit> = (0..6).map(|step| visit("a", step * 12, 1, 1)).collect();
        assert_eq!(refused(&limits(5, 100), &spread), [] as [usize; 0], "after 60 s the first has left");
    }

    #[test]
    fn what_is_set_aside_goes_back_when_the_answer_is_there() {
        let early = [visit("a", 0, 90, 10), visit("a", 4, 90, 10)];
        assert_eq!(refused(&limits(5, 100), &early), [1], "the first is still under way");
        let late = [visit("a", 0, 90, 10), visit("a", 5, 90, 10)];
        assert_eq!(refused(&limits(5, 100), &late), [] as [usize; 0]);
        let mut lost = late.clone();
        lost[0].took = None;
        assert_eq!(refused(&limits(5, 100), &lost), [1], "nobody knows what the first took");
    }

    #[test]
    fn requests_come_in_by_their_time_and_not_by_their_place() {
        let visits = [visit("a", 30, 1, 1), visit("a", 0, 1, 1)];
        let answers = rehearse(&limits(1, 100), &visits).unwrap();
        assert_eq!(answers[1], Ok(()));
        let refusal = answers[0].as_ref().unwrap_err();
        assert_eq!((refusal.limit, refusal.tier.as_str()), (UserLimit::RequestsPerMinute(1), "free"));
        assert_eq!(refusal.retry_after, Some(Duration::from_secs(30)));
    }

    proptest! {
        /// In no 60 s more than the tier's requests, on no day more than its tokens, and twice the same.
        #[test]
        fn nobody_gets_past_a_limit(drawn in proptest::collection::vec((0_i64..400, 0_u64..60, 0_u8..3), 0..80)) {
            let visits: Vec<Visit> =
                drawn.iter().map(|(second, tokens, user)| visit(&user.to_string(), *second, *tokens, *tokens)).collect();
            let limits = limits(4, 200);
            let answers = rehearse(&limits, &visits).unwrap();
            prop_assert_eq!(&answers, &rehearse(&limits, &visits).unwrap());
            let served: Vec<&Visit> =
                visits.iter().zip(&answers).filter(|(_, answer)| answer.is_ok()).map(|(visit, _)| visit).collect();
            for one in &served {
                let own = |other: &&&Visit| other.user == one.user;
                let minute = |other: &&&Visit| (0..60).contains(&(other.at.as_second() - one.at.as_second()));
                prop_assert!(served.iter().filter(own).filter(minute).count() <= 4);
                prop_assert!(served.iter().filter(own).map(|visit| visit.most.tokens).sum::<u64>() <= 200);
            }
        }
    }
}
