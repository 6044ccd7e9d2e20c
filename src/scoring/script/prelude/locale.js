// The order of words and the look of numbers as English has them: the engine knows codes alone.
(() => {
  const hide = (owner, name, value) =>
    Object.defineProperty(owner, name, { value, writable: true, configurable: true, enumerable: false });

  // Signs before digits before letters; then accents; then small letters before large ones.
  const signs = '\t\n\v\f\r \u00a0_-,;:!?.\'"()[]{}@*/\\&#%`^+<=>|~$0123456789';
  const rank = (sign) => {
    const place = signs.indexOf(sign);
    return place < 0 ? sign.codePointAt(0) + 1000 : place;
  };
  const sign = (number) => (number > 0 ? 1 : number < 0 ? -1 : 0);
  const compare = (left, right, weigh) => {
    for (let place = 0; place < left.length && place < right.length; place += 1) {
      const apart = sign(weigh(left[place]) - weigh(right[place]));
      if (apart) return apart;
    }
    return sign(left.length - right.length);
  };
  const bare = (text) => [...text.replace(/\p{M}/gu, '').toLowerCase()];
  const accents = (text) => text.normalize('NFD').split(/(?=\P{M})/u).map((letter) => letter.slice(1));
  const isLarge = (letter) => (letter !== letter.toLowerCase() ? 1 : 0);
  const numbers = (text) => text.split(/(\d+)/).map((part) => (/^\d/.test(part) ? part.padStart(30, '0') : part)).join('');
  hide(String.prototype, 'localeCompare', function localeCompare(other, _languages, options = {}) {
    let [left, right] = [String(this).normalize('NFD'), String(other).normalize('NFD')];
    if (options.numeric) [left, right] = [numbers(left), numbers(right)];
    const sees = (...words) => words.includes(options.sensitivity ?? 'variant');
    return compare(bare(left), bare(right), rank)
      || (sees('accent', 'variant') && compare(accents(left), accents(right), rankOfMarks))
      || (sees('case', 'variant') && compare([...left], [...right], isLarge))
      || 0;
  });
  const rankOfMarks = (marks) => (marks ? marks.codePointAt(0) : 0);

  hide(Number.prototype, 'toLocaleString', function toLocaleString(language = 'en-US', options = {}) {
    const known = ['minimumFractionDigits', 'maximumFractionDigits'];
    if (!/^en(-US)?$/.test(language) || Object.keys(options).some((name) => !known.includes(name))) {
      throw new Error('A script writes numbers as plain English ones: other languages, percent and currencies are absent.');
    }
    const least = options.minimumFractionDigits ?? 0;
    const most = options.maximumFractionDigits ?? Math.max(least, 3);
    const number = Number(this);
    if (Number.isNaN(number)) return 'NaN';
    if (!Number.isFinite(number)) return number > 0 ? '∞' : '-∞';
    const [whole, part = ''] = Math.abs(number).toFixed(most).split('.');
    let digits = part;
    while (digits.length > least && digits.endsWith('0')) digits = digits.slice(0, -1);
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
    return (number < 0 || Object.is(number, -0) ? '-' : '') + grouped + (digits ? `.${digits}` : '');
  });
})()
