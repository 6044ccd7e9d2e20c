// Of the provider a script sees the name, by the call that it knows.
(context) => {
  const name = context.provider;
  context.provider = { id: () => name };
}
