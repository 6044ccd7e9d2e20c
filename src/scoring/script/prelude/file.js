// Files in the older form, and the function that is meant by a name or without one.
({
  load: (source, process) => {
    const module = { exports: {} };
    const require = (name) => {
      throw new Error(`A script cannot load "${name}": it has what stands in its own file, nothing else.`);
    };
    new Function('module', 'exports', 'require', '__filename', '__dirname', 'process', source)
      .call(module.exports, module, module.exports, require, '', '', process);
    return { default: module.exports };
  },
  pick: (exported, name) => {
    const whole = exported.default || exported;
    const found = name === undefined ? whole : whole[name] ?? exported[name];
    if (typeof found === 'function') return found;
    if (typeof found?.default === 'function') return found.default;
    throw new Error(name === undefined ? 'The file must export a function.' : `The file exports no function "${name}".`);
  },
})
