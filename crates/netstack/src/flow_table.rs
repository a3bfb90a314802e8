//! Flows that end by being idle, with a limit for each port.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::time::Duration;

use crate::{FlowId, PortId};

#[derive(Debug)]
struct Flow<K, V> {
    key: K,
    port: PortId,
    value: V,
    /// When it was last used, counted in uses of all flows.
    used: u64,
    /// When it has been idle for too long.
    idle_at: Duration,
    /// Its entry in `timers`: not later than `idle_at`, so that using a flow does not move it.
    timer: Duration,
}

/// Flows by identifier and by key. All calls take logarithmic time.
#[derive(Debug)]
pub(crate) struct FlowTable<K, V> {
    flows: HashMap<FlowId, Flow<K, V>>,
    ids: HashMap<K, FlowId>,
    /// The flows of each port, the one that was not used for the longest time first.
    recency: BTreeMap<(PortId, u64), FlowId>,
    timers: BTreeSet<(Duration, FlowId)>,
    counts: HashMap<PortId, usize>,
    uses: u64,
    limit: usize,
}

impl<K: Copy + Eq + Hash, V> FlowTable<K, V> {
    /// A table of at most `limit` flows for each port.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            flows: HashMap::new(),
            ids: HashMap::new(),
            recency: BTreeMap::new(),
            timers: BTreeSet::new(),
            counts: HashMap::new(),
            uses: 0,
            limit: limit.max(1),
        }
    }

    pub(crate) fn find(&self, key: &K) -> Option<FlowId> {
        self.ids.get(key).copied()
    }

    /// A flow with its port.
    pub(crate) fn get(&self, id: FlowId) -> Option<(PortId, &K, &V)> {
        self.flows.get(&id).map(|flow| (flow.port, &flow.key, &flow.value))
    }

    pub(crate) fn get_mut(&mut self, id: FlowId) -> Option<&mut V> {
        self.flows.get_mut(&id).map(|flow| &mut flow.value)
    }

    /// Marks a flow as used, so that it ends after `idle` from now.
    pub(crate) fn touch(&mut self, id: FlowId, now: Duration, idle: Duration) {
        let Some(flow) = self.flows.get_mut(&id) else { return };
        self.recency.remove(&(flow.port, flow.used));
        self.uses += 1;
        flow.used = self.uses;
        flow.idle_at = now.saturating_add(idle);
        self.recency.insert((flow.port, flow.used), id);
    }

    /// Removes the flow that has to go before another one of `port` is added, if there is such.
    pub(crate) fn make_room(&mut self, port: PortId) -> Option<FlowId> {
        if self.counts.get(&port).copied().unwrap_or_default() < self.limit {
            return None;
        }
        let id = self.first_of(port)?;
        self.remove(id);
        Some(id)
    }

    /// Adds a flow, whose key must not be there.
    pub(crate) fn insert(&mut self, id: FlowId, key: K, port: PortId, value: V, now: Duration, idle: Duration) {
        self.uses += 1;
        let idle_at = now.saturating_add(idle);
        self.flows.insert(
            id,
            Flow {
                key,
                port,
                value,
                used: self.uses,
                idle_at,
                timer: idle_at,
            },
        );
        self.ids.insert(key, id);
        self.recency.insert((port, self.uses), id);
        self.timers.insert((idle_at, id));
        *self.counts.entry(port).or_default() += 1;
    }

    pub(crate) fn remove(&mut self, id: FlowId) {
        let Some(flow) = self.flows.remove(&id) else { return };
        self.ids.remove(&flow.key);
        self.recency.remove(&(flow.port, flow.used));
        self.timers.remove(&(flow.timer, id));
        if let Some(count) = self.counts.get_mut(&flow.port) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&flow.port);
            }
        }
    }

    /// Removes a flow that has been idle for too long. To be called until there is none.
    pub(crate) fn take_expired(&mut self, now: Duration) -> Option<FlowId> {
        while let Some((timer, id)) = self.timers.first().copied().filter(|(timer, _)| *timer <= now) {
            self.timers.remove(&(timer, id));
            let Some(flow) = self.flows.get_mut(&id) else { continue };
            if flow.idle_at > now {
                flow.timer = flow.idle_at;
                self.timers.insert((flow.timer, id));
                continue;
            }
            self.remove(id);
            return Some(id);
        }
        None
    }

    /// Removes a flow of `port`. To be called until there is none.
    pub(crate) fn take_of(&mut self, port: PortId) -> Option<FlowId> {
        let id = self.first_of(port)?;
        self.remove(id);
        Some(id)
    }

    /// When [`Self::take_expired`] has something to do at the earliest.
    pub(crate) fn next_timer(&self) -> Option<Duration> {
        self.timers.first().map(|(timer, _)| *timer)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (PortId, &K, &V)> {
        self.flows.values().map(|flow| (flow.port, &flow.key, &flow.value))
    }

    fn first_of(&self, port: PortId) -> Option<FlowId> {
        self.recency
            .range((port, 0)..=(port, u64::MAX))
            .next()
            .map(|(_, id)| *id)
    }
}

#[cfg(test)]
mod tests;
