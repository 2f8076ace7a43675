import { execFileSync, spawnSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { pages, root, type Sample, samplesOf } from "./samples";

const samples = pages().flatMap(samplesOf);
const inLanguages = (...languages: string[]) => samples.filter(({ language }) => languages.includes(language));
const where = ({ page, line }: Sample) => `${page}:${line}`;

/** Declarations of names that fragments on the pages use without declaring them. */
const GIVEN = `
declare const connection: { host: string };
declare const image: import("pulumi-portable").PortableImage;
declare const source: import("@pulumi/pulumi").Unwrap<import("pulumi-portable").PortableImageArgs["source"]>;
`;
/** Packages that pages use and this repository doesn't install; code that uses them isn't checked. */
const FOREIGN = ["@pulumi/hcloud", "@pulumi/tls", "@pulumi/policy"];

let directory: string;
beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "portable-samples-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("every TypeScript sample has the types of the SDK", () => {
    const written = inLanguages("ts", "typescript");
    expect(written.length).toBeGreaterThan(30);
    for (const [index, { text }] of written.entries()) {
        const imports = ['import * as pulumi from "@pulumi/pulumi";', 'import * as portable from "pulumi-portable";'];
        const missing = imports.filter((line) => !text.includes(line)).join(" ");
        // Imports are added to the first line, so that line numbers stay; `export` makes it a module with its own scope.
        writeFileSync(join(directory, `sample${index}.ts`), `${missing} ${text}\nexport {};\n`);
    }
    writeFileSync(join(directory, "given.d.ts"), GIVEN + FOREIGN.map((name) => `declare module "${name}";\n`).join(""));
    const options = {
        target: "es2022",
        module: "commonjs",
        moduleResolution: "node10",
        ignoreDeprecations: "6.0",
        strict: true,
        noImplicitAny: false,
        skipLibCheck: true,
        noEmit: true,
        types: ["node"],
        typeRoots: [join(root, "node_modules/@types")],
    };
    writeFileSync(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions: options, include: ["*.ts"] }));
    symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
    const { stdout } = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", directory], {
        encoding: "utf8",
    });
    const named = stdout.replace(/(?:\S*\/)?sample(\d+)\.ts\((\d+),\d+\)/g, (_, index, line) => {
        const sample = written[Number(index)] as Sample;
        return `${sample.page}:${sample.line + Number(line) - 1}`;
    });
    expect(named).toBe("");
}, 120_000);

test.each(inLanguages("sh", "bash").map((sample) => [where(sample), sample] as const))(
    "bash can parse %s",
    (_, { text }) => {
        const { status, stderr } = spawnSync("bash", ["-n"], { input: text, encoding: "utf8" });
        expect(stderr).toBe("");
        expect(status).toBe(0);
    },
);

test("every YAML and JSON sample can be parsed", () => {
    const broken = inLanguages("yaml", "yml", "json").flatMap((sample) =>
        parseAllDocuments(sample.text).flatMap((document) =>
            document.errors.map((error) => `${where(sample)}: ${error.message}`),
        ),
    );
    expect(broken).toEqual([]);
});

test("every Python sample can be compiled", () => {
    mkdirSync(join(directory, "python"));
    for (const [index, sample] of inLanguages("py", "python").entries()) {
        const file = join(directory, "python", `sample${index}.py`);
        writeFileSync(file, sample.text);
        execFileSync("python3", ["-c", `compile(open("${file}").read(), "${where(sample)}", "exec")`]);
    }
});

test.each(["docs/_index.md", "docs/installation-configuration.md"])(
    "%s has only absolute links, as the Pulumi Registry shows it, too",
    (page) => {
        const links = [...readFileSync(join(root, page), "utf8").matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link);
        expect(links.length).toBeGreaterThan(3);
        expect(links.filter((link = "") => !link.startsWith("https://") && !link.startsWith("#"))).toEqual([]);
    },
);

test("no page installs from a registry to which nothing was published yet", () => {
    const claims = samples.filter(({ text }) =>
        /npm install (\S+ )*pulumi-portable(\s|$)|pip install pulumi.portable(\s|$)/m.test(text),
    );
    expect(claims.map(where)).toEqual([]);
});

/** Scripts in a workflow: `run` of steps, and `script` of GitLab. */
function scriptsOf(value: unknown): string[] {
    if (Array.isArray(value)) return value.flatMap(scriptsOf);
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([key, inner]) =>
        ["run", "script", "before_script"].includes(key) ? [[inner].flat().join("\n")] : scriptsOf(inner),
    );
}

test.each(globSync("examples/ci/*/{*,.*}.yml", { cwd: root }))("the workflow %s can be copied", (name) => {
    const text = readFileSync(join(root, name), "utf8");
    const [workflow] = parseAllDocuments(text);
    expect(workflow?.errors).toEqual([]);
    const scripts = scriptsOf(workflow?.toJS());
    expect(scripts.length).toBeGreaterThan(1);
    for (const script of scripts)
        expect(spawnSync("bash", ["-n"], { input: script, encoding: "utf8" }).stderr).toBe("");
    // Actions are pinned to commits, as a tag can be moved.
    for (const [, version] of text.matchAll(/uses: \S+?@(\S+)/g)) expect(version).toMatch(/^[0-9a-f]{40}$/);
});

test.each(["typescript", "python", "go", "yaml"])(
    "the template for %s is the project of its start page",
    (language) => {
        const files = samplesOf(`docs/start/${language}.md`).filter(({ file }) => file !== undefined);
        expect(files.length).toBeGreaterThan(3);
        for (const { file = "", text } of files) {
            const template = readFileSync(join(root, "templates", language, file), "utf8");
            if (file !== "Pulumi.yaml") {
                expect(template).toBe(text);
                continue;
            }
            // `pulumi new` fills in names, and a template can't name a plugin's directory, which doesn't exist yet.
            const { plugins: _, ...project } = parse(text);
            expect(parse(template)).toMatchObject({ ...project, name: "${PROJECT}" });
        }
    },
);
