const { execFileSync } = require("node:child_process");
const { join } = require("node:path");

/** Tests start the bundled provider: it is built once before them. */
module.exports = () => execFileSync(process.execPath, [join(__dirname, "../scripts/build.mjs")]);
