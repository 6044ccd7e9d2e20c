module.exports = (output) => output.includes("ell");
module.exports.ends = (output, context) => output.endsWith(context.config.with);
