// Preloaded into the provider: on SIGUSR2 it collects all garbage, and writes the bytes that are still in use to a file.
const { renameSync, writeFileSync } = require("node:fs");
const { setImmediate: nextTurn } = require("node:timers/promises");
const v8 = require("node:v8");

// Code that V8 makes of functions that are called often, and what it notes about their calls, would grow for a while.
for (const flag of [
    "--no-opt",
    "--no-maglev",
    "--no-sparkplug",
    "--no-lazy-feedback-allocation",
    "--no-flush-bytecode",
])
    v8.setFlagsFromString(flag);

process.on("SIGUSR2", async () => {
    // What finalizers and ended connections held becomes garbage a turn of the event loop later.
    for (let turn = 0; turn < 3; turn++) {
        globalThis.gc();
        await nextTurn();
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    const file = process.env.PORTABLE_TEST_HEAP;
    writeFileSync(`${file}.new`, `${heapUsed + arrayBuffers}`);
    renameSync(`${file}.new`, file);
});
