// Programs in YAML are converted to every other language by Pulumi's converters (scripts/sdk-gen): NAME.yaml becomes
// NAME.{ts,py,go,cs,java} beside it. Those of provider/examples become the texts of provider/examples.json, which the
// schema has in its descriptions.
//   node scripts/examples.mjs            converts them (needs Go)
//   node scripts/examples.mjs --check    reports which committed files aren't what the converters make (needs Go)
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generator } from "./sdk-gen/build.mjs";

const root = new URL("..", import.meta.url).pathname;
const schema = join(root, "provider/schema.json");
/** The program of the tests is written by hand in Java: it does more than our converter for Java takes. */
const DIRECTORIES = { "provider/examples": ["java"], "test/languages/everything": [] };
/** In the order of the chooser of Pulumi's documentation. */
const LANGUAGES = { ts: "typescript", py: "python", cs: "csharp", go: "go", java: "java", yaml: "yaml" };
const texts = join(root, "provider/examples.json");

const CONVERTED = /(?<!App)\.(ts|py|go|cs|java)$/;
const isCheck = process.argv.includes("--check");
for (const [directory, more] of Object.entries(DIRECTORIES)) {
    const made = mkdtempSync(join(tmpdir(), "portable-examples-"));
    try {
        const source = join(root, directory);
        for (const name of namesIn(source, /\.yaml$/)) cpSync(join(source, name), join(made, name));
        execFileSync(generator("earlier"), ["examples", schema, made, ...more], { stdio: "inherit" });
        execFileSync(generator("current"), ["examples", schema, made], { stdio: "inherit" });
        const converted = namesIn(made, CONVERTED);
        const committed = namesIn(source, CONVERTED);
        if (isCheck) report(directory, made, [...new Set([...converted, ...committed])]);
        else {
            for (const name of committed) rmSync(join(source, name));
            for (const name of converted) cpSync(join(made, name), join(source, name));
        }
    } finally {
        rmSync(made, { recursive: true });
    }
}

if (!isCheck) writeFileSync(texts, examplesText());
else if (readFileSync(texts, "utf8") !== examplesText()) {
    console.error("provider/examples.json is stale: run npm run sdk");
    process.exitCode = 1;
}

/** By the name of a resource or function, what Pulumi's documentation shows of it. */
function examplesText() {
    const directory = join(root, "provider/examples");
    const members = readdirSync(directory).sort();
    const entries = members.map((member) => {
        const names = namesIn(join(directory, member), /\.yaml$/).sort();
        const examples = names.map((name) => exampleText(join(directory, member, name)));
        return [member, `{{% examples %}}\n## Example Usage\n${examples.join("")}{{% /examples %}}`];
    });
    return `${JSON.stringify(Object.fromEntries(entries), null, 4)}\n`;
}

/** The first line of the YAML program is the title. */
function exampleText(file) {
    const title = readFileSync(file, "utf8").split("\n")[0].replace(/^# /, "");
    const blocks = Object.entries(LANGUAGES).flatMap(([ending, language]) => {
        const program = file.replace(/yaml$/, ending);
        if (!existsSync(program)) return [];
        const text = readFileSync(program, "utf8")
            .replace(/^# .*\n/, "")
            .trimEnd();
        return [`\`\`\`${language}\n${text}\n\`\`\`\n`];
    });
    return `{{% example %}}\n### ${title}\n\n${blocks.join("")}{{% /example %}}\n`;
}

function namesIn(directory, ending) {
    return readdirSync(directory, { recursive: true }).filter((name) => ending.test(name));
}

function report(directory, made, names) {
    const read = (file) => {
        try {
            return readFileSync(file, "utf8");
        } catch {
            return undefined;
        }
    };
    const stale = names.filter((name) => read(join(made, name)) !== read(join(root, directory, name)));
    if (stale.length === 0) return;
    console.error(`${directory} is not what the converters make of its YAML programs: ${stale.join(", ")}`);
    process.exitCode = 1;
}
