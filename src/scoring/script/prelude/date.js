// A moment that is given is the same each time; the present one is not.
(() => {
  const Moment = Date;
  const refuse = () => { throw new Error('A script has no clock: give Date the moment that is meant.'); };
  const Given = function Date(...parts) {
    return new.target && parts.length ? Reflect.construct(Moment, parts, new.target) : refuse();
  };
  Given.prototype = Moment.prototype;
  Moment.prototype.constructor = Given;
  Given.parse = Moment.parse;
  Given.UTC = Moment.UTC;
  Given.now = refuse;
  globalThis.Date = Given;
})()
