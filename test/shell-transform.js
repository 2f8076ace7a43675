/** A .sh file imports as its text, as in the bundle. */
module.exports = {
    process: (text) => ({ code: `exports.__esModule = true; exports.default = ${JSON.stringify(text)};` }),
};
