// Timers run in their order, without waiting, once there is nothing else to do.
(() => {
  const timers = new Map();
  let [moment, last] = [0, 0];
  const later = (callback, delay, given) => {
    last += 1;
    timers.set(last, { at: moment + delay, callback, given });
    return last;
  };
  globalThis.setTimeout = (callback, delay, ...given) => later(callback, Math.max(Number(delay) || 0, 1), given);
  globalThis.setImmediate = (callback, ...given) => later(callback, 0, given);
  globalThis.clearTimeout = globalThis.clearImmediate = (id) => { timers.delete(id); };
  // Runs the one that is due first; false where there is none.
  return () => {
    if (timers.size === 0) return false;
    const [id, due] = [...timers].reduce((first, timer) => (timer[1].at < first[1].at ? timer : first));
    timers.delete(id);
    moment = due.at;
    due.callback(...due.given);
    return true;
  };
})()
