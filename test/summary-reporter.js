/** The last lines of a test run: which engines ran the programs, and `N passed, N failed` alone on a line. */
module.exports = class SummaryReporter {
    onRunComplete(_contexts, results) {
        const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites } = results;
        const { existsSync } = require("node:fs");
        const { delimiter, join } = require("node:path");
        const hasPulumi = (process.env.PATH ?? "")
            .split(delimiter)
            .some((directory) => existsSync(join(directory, "pulumi")));
        console.log(
            hasPulumi
                ? "\nEngines: the stand-in engine and the Pulumi CLI."
                : "\nEngines: the stand-in engine only. There is no `pulumi` on PATH, so what says (pulumi) was not confirmed on the Pulumi CLI.",
        );
        console.log(
            `${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed${numPendingTests > 0 ? `, ${numPendingTests} skipped` : ""}`,
        );
    }
};
