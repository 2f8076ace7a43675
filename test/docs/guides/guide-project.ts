import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { installPackages, UserProject } from "../../acceptance/example";
import { root, type Sample, samplesOf } from "../samples";

const isProgram = ({ language }: Sample) => language === "ts" || language === "typescript";

/**
 * Programs on a page.
 *
 * @param part `page` or `page#words`: all programs of a guide, or the one that contains these words
 */
export function programsOf(part: string, { isRequired = true } = {}): Sample[] {
    const [page = "", words = ""] = part.split("#");
    const found = samplesOf(`docs/guides/${page}.md`).filter(
        (sample) => isProgram(sample) && sample.text.includes(words),
    );
    if (isRequired && found.length === 0) throw new Error(`${page} has no program with "${words}"`);
    return found;
}

/** Declarations of names that a fragment may use without declaring them. */
const GIVEN: Record<string, string> = {
    connection: 'const connection = { host: "web1" };',
    image: `const version = new pulumi.Config().get("version") ?? "1.4";
const image = new portable.PortableImage("app", {
    version,
    source: {
        files: {
            units: ["units/app.service"],
            tree: {
                "/usr/bin/app": { asset: new pulumi.asset.FileAsset("bin/app"), mode: "0755" },
                "/usr/share/app/version": { content: version },
                "/etc/app": { directory: true },
            },
        },
    },
    connection,
});`,
};

const APP_SERVICE = `[Service]
Type=notify
ExecStart=/usr/bin/app
ExecReload=/usr/bin/app reload $MAINPID
StateDirectory=app

[Install]
WantedBy=multi-user.target
`;

/** The project of a reader who follows guides, with programs copied from the pages. */
export class GuideProject extends UserProject {
    /** The program's files, one for each program of a page. */
    programFiles: string[] = [];

    constructor() {
        super("app");
        try {
            installPackages(this.directory);
            this.write(
                "Pulumi.yaml",
                stringify({
                    name: "app",
                    runtime: "nodejs",
                    main: "index.ts",
                    plugins: { providers: [{ name: "portable", path: "node_modules/pulumi-portable/provider" }] },
                }),
            );
            this.write("package.json", '{ "private": true, "main": "index.ts" }');
            this.write("tsconfig.json", readFileSync(join(root, "templates/typescript/tsconfig.json"), "utf8"));
            this.write("units/app.service", APP_SERVICE);
            for (const unit of ["hello.service", "hello.socket"])
                this.write(
                    `units/${unit}`,
                    readFileSync(join(root, "examples/hello/units", unit), "utf8").replaceAll(
                        "@helloExe@",
                        "/usr/bin/hello",
                    ),
                );
            this.compile(join(root, "examples/hello/hello.c"), "bin/hello");
            this.compile(join(__dirname, "app.c"), "bin/app");
        } catch (error) {
            this.remove();
            throw error;
        }
    }

    /** Compiles a C source to a static program. */
    compile(source: string, program: string): void {
        this.write(program, "", 0o755);
        execFileSync("cc", ["-static", "-O1", "-w", "-o", this.path(program), source]);
    }

    /** Writes the named files that a page shows besides its program. */
    copyFiles(page: string): void {
        for (const sample of samplesOf(`docs/guides/${page}.md`))
            if (sample.file !== undefined && !isProgram(sample)) this.write(sample.file, sample.text);
    }

    /** Replaces index.ts by programs of pages. */
    program(...parts: string[]): void {
        for (const file of this.programFiles) rmSync(this.path(file));
        this.programFiles = parts.flatMap((part) => {
            this.copyFiles(part.replace(/#.*/, ""));
            return programsOf(part).map(({ page, line, text }) => {
                const file = `${page.replace(/\W/g, "-")}-${line}.ts`;
                this.write(file, completed(text));
                return file;
            });
        });
        const imports = this.programFiles.map((file) => `export * from "./${file.replace(/\.ts$/, "")}";\n`);
        this.write("index.ts", imports.join(""));
    }

    /** Makes a minimal system with the program of examples/hello and the units `NAME.service` and `NAME.socket`. */
    makeTree(directory: string, name: string): void {
        rmSync(this.path(directory), { recursive: true, force: true });
        this.write(`${directory}/usr/lib/os-release`, "ID=small\nVERSION_ID=1\n");
        this.write(`${directory}/etc/machine-id`, "");
        this.write(`${directory}/etc/resolv.conf`, "");
        this.write(`${directory}/usr/bin/hello`, "", 0o755);
        cpSync(this.path("bin/hello"), this.path(`${directory}/usr/bin/hello`));
        for (const type of ["service", "socket"])
            this.write(`${directory}/usr/lib/systemd/system/${name}.${type}`, this.read(`units/hello.${type}`));
    }
}

/** Completes a program with the imports and declarations that its page omits. */
function completed(text: string): string {
    const imports = ['import * as pulumi from "@pulumi/pulumi";', 'import * as portable from "pulumi-portable";'];
    const missing = imports.filter((line) => !text.includes(line));
    const isUsed = (name: string) =>
        new RegExp(`\\b${name}\\b`).test(text) && !new RegExp(`const ${name}\\b`).test(text);
    const needsImage = isUsed("image") && /image\.path/.test(text);
    const configuration = [
        ...(needsImage || isUsed("connection") ? [GIVEN.connection] : []),
        ...(needsImage ? [GIVEN.image] : []),
    ];
    // The added declarations come after the imports and before the page's declarations, which may use them.
    const lines = text.split("\n");
    const last = lines.findLastIndex((line) => line.startsWith("import "));
    return [...missing, ...lines.slice(0, last + 1), ...configuration, ...lines.slice(last + 1)].join("\n");
}
