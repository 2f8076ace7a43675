import { spawn } from "node:child_process";
import { RUN_TIMEOUT_MS } from "../../acceptance/example";
import { onHost, shown } from "../../acceptance/on-every-engine";
import { samplesOf } from "../samples";
import { followGuides } from "./follow-guides";
import { APP, HELLO } from "./parts";

/** The command on a page that contains the words. */
function command(page: string, words: string): string {
    const found = samplesOf(`docs/guides/${page}.md`).find(
        ({ language, text }) => language === "sh" && text.includes(words),
    );
    if (found === undefined) throw new Error(`${page} has no command with "${words}"`);
    return found.text;
}

followGuides("one service", { secrets: { databasePassword: "s3cr3t-of-the-guide" } }, (scene) => {
    const page = async () => (await scene.host.http(8080, "/healthz")).body;

    test(
        "drop-ins and host files of the service, and separate ones, are deployed",
        async () => {
            scene.project.program(APP.dropIns);
            await scene.stack.up();
            expect(await page()).toBe("ok 1.4 info \n");
            expect(await shown(scene.host, "app.service", "Environment")).toContain("LOG_LEVEL=info");
            const environment = await onHost(
                scene.host,
                "tr '\\0' '\\n' </proc/$(systemctl show -P MainPID app)/environ",
            );
            expect(environment).toContain('GREETING=say "hi"');
            expect(await shown(scene.host, "app.service", "MemoryMax")).toBe(String(512 * 1024 * 1024));
            expect(await onHost(scene.host, "cat /etc/app/app.toml")).toBe("port = 8080");

            scene.project.write("page.html", "<h1>Hello</h1>\n");
            scene.project.program(APP.dropIns, APP.dropInsOfTheirOwn);
            const pid = await shown(scene.host, "app.service", "MainPID");
            expect((await scene.stack.up()).summary).toEqual({ same: 3, create: 2 });
            expect(await shown(scene.host, "systemd-journald.service", "MemoryMax")).toBe(String(200 * 1024 * 1024));
            expect(await shown(scene.host, "app.service", "MainPID")).toBe(pid);
            const cat = command("drop-ins", "systemctl cat").replace(/^ssh web1 /, "");
            expect(await onHost(scene.host, cat)).toMatch(/app\.service\.d\/50-portable\.conf[\s\S]*LOG_LEVEL=info/);
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "the service gets a secret, which is in no plain state, no output, and no file that other users of the host can read",
        async () => {
            scene.project.program(APP.secrets);
            const { stdout } = await scene.stack.up();
            expect(await page()).toBe("ok 1.4  s3cr3t-of-the-guide\n");
            expect(stdout).not.toContain("s3cr3t");
            // The stand-in's state has secrets as marked plain text, where the Pulumi CLI encrypts them.
            const state = JSON.stringify(await scene.engine.exportState(scene.stack.project), (key, value) =>
                key === "plaintext" ? "encrypted" : value,
            );
            expect(state).not.toContain("s3cr3t");
            expect(await onHost(scene.host, "stat -c %a:%U /etc/app/password")).toBe("600:root");
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "a rollback to an older release is shown by the preview and uploads nothing",
        async () => {
            scene.project.program(APP.health);
            scene.project.edit(scene.project.programFiles[0] as string, "stableSeconds: 3", "stableSeconds: 0.5");
            await scene.stack.up();
            scene.stack.configure({ version: "1.5" });
            await scene.stack.up();
            expect(await page()).toMatch(/^ok 1\.5/);
            scene.stack.configure({ version: "1.4" });
            const preview = await scene.stack.preview({ diff: true });
            expect(preview.stdout).toMatch(/image *: "\S+app_1\.5-\w+\.raw" => "\S+app_1\.4-\w+\.raw"/);
            const file = "stat -c %i:%Z /var/lib/portables/app_1.4-*.raw";
            const before = await onHost(scene.host, file);
            await scene.stack.up();
            expect(await page()).toMatch(/^ok 1\.4/);
            expect(await onHost(scene.host, file)).toBe(before);
            expect(await onHost(scene.host, "portablectl list --no-legend | grep -c ^app_")).toBe("2");
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "health checks: a release that can't start is rolled back, and the error has its journal",
        async () => {
            scene.stack.configure({ version: "broken" });
            const { stdout } = await scene.stack.failing("up");
            expect(stdout).toContain("app: this release can't start");
            expect(stdout).toMatch(/rolled back: \S+app_1\.4-\w+\.raw is running/);
            expect(await page()).toMatch(/^ok 1\.4/);
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "a migration runs in the new image before the switch, and a release that fails after it stays attached",
        async () => {
            scene.project.program(APP.migration);
            scene.stack.configure({ version: "1.5" });
            await scene.stack.up();
            expect(await onHost(scene.host, "cat /var/lib/private/app/migrated")).toMatch(/^migrated/);
            scene.stack.configure({ version: "broken" });
            await scene.stack.failing("up");
            expect(await onHost(scene.host, "readlink /etc/portables/app_*")).toContain("app_broken-");
            scene.stack.configure({ version: "1.6" });
            await scene.stack.up();
            expect(await page()).toMatch(/^ok 1\.6/);
            scene.stack.configure({ version: undefined });
        },
        RUN_TIMEOUT_MS,
    );

    test("the page's command removes the data", async () => {
        const [, clean = ""] = /^ssh web1 "(.*)"/.exec(command("remove", "--what=all")) ?? [];
        await onHost(scene.host, clean.replaceAll("hello", "app"));
        await expect(onHost(scene.host, "ls -d /var/lib/private/app /var/lib/app")).rejects.toThrow("No such file");
    });
});

followGuides("two instances, an extension, and an update under load", {}, (scene) => {
    const page = async (port: number) => (await scene.host.http(port, "/")).body;

    test(
        "an extension is merged with its image, and a second instance runs beside the first",
        async () => {
            scene.project.program(...HELLO);
            const { summary } = await scene.stack.up();
            expect(summary).toEqual({ create: 6 });
            expect(await page(8080)).toBe("Hello, world!\n");
            expect(await page(8081)).toBe("Hello, world!\n");
            expect(await page(8082)).toBe("Hello, world!\n");
            const pid = await shown(scene.host, "hello-french.service", "MainPID");
            expect(await onHost(scene.host, `cat /proc/${pid}/root/usr/share/hello/fr`)).toBe("Bonjour");
            expect(await shown(scene.host, "hello-staging.service", "ActiveState")).toBe("active");
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "the loop of the page loses no request while the service is updated",
        async () => {
            const loop = spawn("bash", ["-c", command("zero-downtime", "curl").replace("web1", scene.host.address)]);
            let lost = "";
            loop.stdout.on("data", (text) => (lost += text));
            loop.stderr.on("data", (text) => (lost += text));
            const before = await shown(scene.host, "hello.service", "MainPID");
            scene.project.edit("units/hello.service", "[Unit]", "[Unit]\nDocumentation=man:hello(1)");
            try {
                await scene.stack.up();
            } finally {
                loop.kill();
            }
            expect(await shown(scene.host, "hello.service", "MainPID")).not.toBe(before);
            expect(lost).toBe("");
            const { resources = [] } = (await scene.engine.exportState(scene.stack.project)).deployment;
            const gapless = (resources as { urn: string; outputs?: { gapless?: unknown } }[])
                .filter(({ urn }) => urn.endsWith("AttachedService::hello"))
                .map(({ outputs }) => outputs?.gapless);
            expect(gapless).toEqual([true]);
            scene.project.edit("units/hello.service", "\nDocumentation=man:hello(1)", "");
        },
        RUN_TIMEOUT_MS,
    );

    test("the commands of the page about logs work", async () => {
        const [first = "", ...rest] = command("logs", "journalctl")
            .trim()
            .split("\n")
            .map((line) => line.replace(/^ssh web1 /, "").replace(/ +#.*$/, ""));
        // --follow would never end.
        expect(await onHost(scene.host, first.replace("--follow ", ""))).toContain("hello");
        const printed = [];
        for (const line of rest) printed.push(await onHost(scene.host, line));
        expect(printed[0]).toMatch(/Active: active \(running\)/);
        expect(printed[1]).toMatch(/hello_1\.0-\w+ .*(running|enabled|attached)/);
        expect(printed[2]).toMatch(/hello\.service[\s\S]*hello\.socket/);
        // systemd makes this directory at the first use of an extension and keeps it until the next boot.
        await onHost(scene.host, "rm -r /run/systemd/unit-extensions");
    });
});
