/*
 * Fails for a file of more than 300 lines, and for a test of more than 70. Functions are biome's
 * (noExcessiveLinesPerFunction), except in tests: biome can't tell the function of a test from that of a group of tests.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import ts from "typescript";

const FILE_LINES = 300;
const TEST_LINES = 70;

const generated = /^sdk\//;
const files = execFileSync(
    "git",
    ["ls-files", "*.ts", "*.mts", "*.mjs", "*.cjs", "*.js", "*.sh", "*.py", "*.c", "*.go"],
    {
        encoding: "utf8",
    },
)
    .split("\n")
    .filter((file) => file !== "" && !generated.test(file));

const problems = [];
for (const file of files) {
    const text = readFileSync(file, "utf8");
    const lines = text.split("\n").length - 1;
    if (lines > FILE_LINES) problems.push(`${file}: ${lines} lines, ${FILE_LINES} at most`);
    if (file.endsWith(".test.ts")) problems.push(...longTests(file, text));
}
if (problems.length > 0) {
    console.error(problems.join("\n"));
    process.exit(1);
}

/** Every function of a file of tests that is too long, but those that are groups of tests. */
function longTests(file, text) {
    const found = [];
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    const visit = (node) => {
        if (ts.isFunctionLike(node) && !isGroup(node)) {
            const lines = node
                .getText()
                .split("\n")
                .filter((line) => line.trim() !== "").length;
            const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
            if (lines > TEST_LINES) found.push(`${file}:${line}: a function of ${lines} lines, ${TEST_LINES} at most`);
        }
        ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
}

/** Whether statements of the function register tests. */
function isGroup({ body }) {
    return (
        body !== undefined &&
        ts.isBlock(body) &&
        body.statements.some((each) => /^(test|describe)\b/.test(each.getText()))
    );
}
