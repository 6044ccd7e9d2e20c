// What stands for `process`, so that its use has a reason that can be read.
new Proxy({}, {
  get() { throw new Error('A script has no process: it runs apart from the machine.'); },
})
