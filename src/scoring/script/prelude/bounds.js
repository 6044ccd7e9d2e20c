// Loops of the engine's own that nothing interrupts are not begun where they would go on for minutes, and the clock is
// looked at before each, since a script's own loop around them is interrupted too seldom. Of a code that is given, only
// what it names; a list that becomes a text is joined without being told to.
(look, code) => {
  const { apply, defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Reflect;
  const { isArray } = Array;
  const { isView } = ArrayBuffer;
  const heavy = (owner, names, steps, receiver = (self) => self) => names.split(' ').forEach((name) => {
    if (code && !code.includes(name) && name !== 'join') return;
    const native = owner[name];
    const value = { [name](...given) {
      const self = receiver(this);
      if (steps(self, given[0]) > 1e7) throw new Error(`${name} would take too many steps here.`);
      look();
      return apply(native, self, given);
    } }[name];
    defineProperty(owner, name, { value, writable: true, configurable: true });
  });

  // A length that is made when it is asked for may be another the next time.
  const lengthOf = (list) => {
    if (list == null || isArray(list)) return list?.length;
    for (let owner = Object(list); owner; owner = getPrototypeOf(owner)) {
      const found = getOwnPropertyDescriptor(owner, 'length');
      if (found?.get && isView(list)) return list.length;
      if (found) return found.get || Object(found.value) === found.value ? Infinity : found.value;
    }
  };
  const lists = 'copyWithin fill join reverse slice sort toReversed toSorted';
  heavy(Array.prototype, `${lists} concat flat flatMap shift splice toLocaleString toSpliced toString unshift`, lengthOf);
  heavy(getPrototypeOf(Int8Array.prototype), `${lists} includes indexOf lastIndexOf set`, () => 0);

  const text = (self) => (self == null || typeof self === 'string' ? self : `${self}`);
  heavy(String.prototype, 'includes indexOf lastIndexOf replace replaceAll split',
    (self, sought) => (sought?.length > 99 ? self?.length * sought.length / 1e3 : 0), text);
  heavy(String.prototype, 'concat isWellFormed localeCompare normalize padEnd padStart repeat slice substr substring toLocaleLowerCase toLocaleUpperCase toLowerCase toUpperCase toWellFormed trim trimEnd trimStart',
    () => 0);
  heavy(JSON, 'parse stringify', () => 0);
  heavy(Object, 'assign entries fromEntries getOwnPropertyDescriptors getOwnPropertyNames keys values', () => 0);
  heavy(globalThis, 'decodeURI decodeURIComponent encodeURI encodeURIComponent escape parseFloat parseInt unescape', () => 0);
}
