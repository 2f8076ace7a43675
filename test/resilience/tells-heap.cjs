// Preloaded into the provider: at SIGUSR2 it collects its garbage, and writes down what is left, in bytes.
const { renameSync, writeFileSync } = require("node:fs");

process.on("SIGUSR2", () => {
    globalThis.gc();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    const file = process.env.PORTABLE_TEST_HEAP;
    writeFileSync(`${file}.new`, `${heapUsed + arrayBuffers}`);
    renameSync(`${file}.new`, file);
});
