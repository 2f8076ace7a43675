import { execFileSync } from "node:child_process";
import { mkdirSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { RUN_TIMEOUT_MS } from "../../acceptance/example";
import { onHost, shown, which } from "../../acceptance/on-every-engine";
import { bootHost, diffSnapshots, type TestHost } from "../../hosts";
import { samplesOf } from "../samples";
import { GuideProject, programsOf } from "./guide-project";
import { AUTOMATION, IMPORT, POLICIES } from "./parts";

/** Only for guides with commands that the stand-in engine lacks. */
const withCli = which("pulumi") === undefined ? describe.skip : describe;

withCli("guides on the Pulumi CLI alone", () => {
    let host: TestHost;
    let project: GuideProject;
    let env: Record<string, string>;

    const pulumi = (...args: string[]) =>
        execFileSync("pulumi", [...args, "--non-interactive", "--color", "never"], {
            cwd: project.directory,
            env: { ...process.env, ...env },
            encoding: "utf8",
            stdio: ["ignore", "pipe", "pipe"],
        });
    /** Output of a command that must fail. */
    const failing = (...args: string[]) => {
        try {
            pulumi(...args);
        } catch (error) {
            const { stdout, stderr } = error as { stdout: string; stderr: string };
            return stdout + stderr;
        }
        throw new Error(`pulumi ${args.join(" ")} succeeded`);
    };

    beforeAll(async () => {
        host = await bootHost();
        project = new GuideProject();
        mkdirSync(project.path(".state"));
        env = {
            PULUMI_HOME: project.path(".home"),
            PULUMI_BACKEND_URL: `file://${project.path(".state")}`,
            PULUMI_CONFIG_PASSPHRASE: "guides",
            PULUMI_SKIP_UPDATE_CHECK: "true",
            PULUMI_NODEJS_TRANSPILE_ONLY: "true",
            PORTABLE_SSH_CONFIG: project.sshConfig({ web1: host }),
        };
    }, RUN_TIMEOUT_MS);
    afterAll(async () => {
        project?.remove();
        await host?.down();
    });

    test(
        "import: the page's commands and program adopt a service that was attached by hand, without a restart",
        async () => {
            const before = await host.snapshot();
            makeRelease(project, "hello_1.0.raw");
            execFileSync("scp", [
                ...["-q", "-F", project.path("ssh_config"), project.path("hello_1.0.raw")],
                "web1:/var/lib/portables/hello_1.0.raw",
            ]);
            rmSync(project.path("hello_1.0.raw"));
            await onHost(
                host,
                `mkdir -p /etc/systemd/system/hello.service.d
                printf '[Service]\nEnvironment=NAME=hand\n' >/etc/systemd/system/hello.service.d/override.conf
                portablectl -q attach --enable /var/lib/portables/hello_1.0.raw
                # Its --now starts the service and its socket in no order, and doesn't wait.
                systemctl start hello.socket hello.service`,
            );
            const pid = await shown(host, "hello.service", "MainPID");

            pulumi("stack", "init", "importer");
            project.write("index.ts", 'import * as pulumi from "@pulumi/pulumi";\n');
            const lines = samplesOf("docs/guides/import.md")
                .filter(({ language }) => language === "sh")
                .flatMap(({ text }) => text.trim().split("\n"));
            const [configuration = [], ...imports] = lines
                .filter((line) => /^pulumi (config|import) /.test(line))
                .map((line) => line.split(" ").slice(1));
            pulumi(...configuration);
            const printed = imports.map((words) => pulumi(...words, "--yes")).join("\n");
            expect(printed).toMatch(
                /new portable.PortableImage\([\s\S]*new portable.AttachedService\([\s\S]*new portable.DropIn\(/,
            );

            const copy = lines.find((line) => line.startsWith("scp "))?.replace("scp ", `scp -q -F ssh_config `) ?? "";
            execFileSync("sh", ["-c", copy], { cwd: project.directory });
            const [program] = programsOf(IMPORT);
            project.write("index.ts", program?.text ?? "");
            expect(pulumi("up", "--yes", "--skip-preview")).toMatch(/4 unchanged|1 updated/);
            expect(await shown(host, "hello.service", "MainPID")).toBe(pid);
            expect(pulumi("preview", "--diff")).toMatch(/4 unchanged/);
            pulumi("destroy", "--yes", "--skip-preview");
            // The attach by hand made this directory.
            await onHost(host, "rmdir /etc/portables");
            expect(diffSnapshots(before, await host.snapshot())).toEqual([]);
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "Automation API: the page's program deploys a release",
        async () => {
            mkdirSync(project.path("automation/releases"), { recursive: true });
            for (const { file, text } of samplesOf(`docs/guides/${AUTOMATION}.md`))
                if (file !== undefined) project.write(`automation/${file}`, text);
            project.write("automation/tsconfig.json", project.read("tsconfig.json").replace("index.ts", "deploy.ts"));
            symlinkSync("../node_modules", project.path("automation/node_modules"));
            makeRelease(project, "automation/releases/hello_1.0.raw");
            const printed = execFileSync(
                process.execPath,
                ["--require", "ts-node/register/transpile-only", "deploy.ts"],
                {
                    cwd: project.path("automation"),
                    env: { ...process.env, ...env },
                    encoding: "utf8",
                },
            );
            expect(printed).toMatch(/result: 'succeeded',\s+image: '\/var\/lib\/portables\/hello_1\.0-\w+\.raw'/);
            expect(await shown(host, "hello.service", "ActiveState")).toBe("active");
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "policies: the page's pack refuses the profile trusted in production",
        () => {
            const page = samplesOf(`docs/guides/${POLICIES}.md`);
            for (const { file, text } of page) if (file !== undefined) project.write(`policies/${file}`, text);
            const archive = realpathSync(project.path("node_modules/pulumi-portable"));
            // Without the page's `npm init`, npm would install into the parent project, whose packages are links.
            const commands = page[0]?.text.split("\n").filter((line) => line.startsWith("npm ")) ?? [];
            for (const command of commands)
                execFileSync(
                    "sh",
                    ["-c", `${command.replace(/path\/to\/pulumi-portable-[\d.]+\.tgz/, archive)} --silent`],
                    {
                        cwd: project.path("policies"),
                        env: {
                            ...process.env,
                            npm_config_audit: "false",
                            npm_config_fund: "false",
                            npm_config_install_links: "true",
                        },
                    },
                );
            project.program("images/extensions");
            pulumi("stack", "init", "prod");
            const preview = ["preview", "--policy-pack", "policies"];
            expect(pulumi(...preview)).toContain("to create");
            const [file = ""] = project.programFiles;
            project.edit(file, "    image: base.path,", '    image: base.path,\n    profile: "trusted",');
            expect(failing(...preview)).toMatch(/no-trusted-in-production[\s\S]*The profile trusted has no sandbox/);
        },
        RUN_TIMEOUT_MS,
    );
});

/** Builds a ready image with the program of examples/hello. */
function makeRelease(project: GuideProject, file: string): void {
    project.makeTree("ready", "hello");
    for (const mountPoint of ["dev", "proc", "sys", "run", "tmp", "var/tmp"])
        mkdirSync(project.path(`ready/${mountPoint}`), { recursive: true });
    execFileSync("mksquashfs", [
        ...[project.path("ready"), project.path(file)],
        ...["-all-root", "-noappend", "-quiet", "-no-progress"],
    ]);
}
