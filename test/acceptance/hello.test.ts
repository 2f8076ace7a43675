import { lstatSync } from "node:fs";
import type { Result } from "../engine/engine";
import type { TestHost } from "../hosts";
import { installFromArchive, RUN_TIMEOUT_MS } from "./example";
import { onEveryEngine, onHost, shown } from "./on-every-engine";

onEveryEngine("hello", { install: installFromArchive, prepare: ({ example }) => example.build() }, (scene) => {
    const host = () => scene.hosts[0] as TestHost;
    const page = () => host().http(8080, "/");

    test(
        "a new user's steps: npm install of the packed package, npm run build, pulumi up, curl",
        async () => {
            expect(lstatSync(scene.example.path("node_modules/pulumi-portable")).isDirectory()).toBe(true);
            const { summary } = await scene.stack.up();
            expect(summary).toEqual({ create: 4 });
            expect(await page()).toEqual({ status: 200, body: "<h1>Hello, User!</h1>\n" });
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "pulumi up again: nothing changes, and the process stays",
        async () => {
            const pid = await shown(host(), "hello.service", "MainPID");
            const { summary } = await scene.stack.up();
            expect(summary).toEqual({ same: 4 });
            expect(await shown(host(), "hello.service", "MainPID")).toBe(pid);
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "pulumi config set name Ada: the diff shows the setting, and the page changes",
        async () => {
            scene.stack.configure({ name: "Ada" });
            const { steps } = await scene.stack.preview({ diff: true });
            const changes = steps.flatMap(({ detailedDiff = {} }) => Object.keys(detailedDiff));
            expect(changes).toEqual(["dropIns[0].sections.Service.Environment.NAME"]);
            await scene.stack.up();
            expect(await page()).toEqual({ status: 200, body: "<h1>Hello, Ada!</h1>\n" });
            scene.stack.configure({ name: undefined });
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "a hand edit on the host: pulumi preview --refresh shows its line, and pulumi up --refresh reverts it",
        async () => {
            const file = "/etc/systemd/system/hello.service.d/50-portable.conf";
            await scene.stack.up();
            await onHost(host(), `sed -i s/NAME=User/NAME=Eve/ ${file} && systemctl daemon-reload`);
            const named = ({ steps }: Result) => steps.flatMap(({ detailedDiff = {} }) => Object.keys(detailedDiff));
            if (scene.engine.name === "stand-in") {
                // `refresh` runs no program, and has only hashes of assets.
                expect(named(await scene.stack.refresh())).toContain(`dropInTexts["${file}"]`);
                return;
            }
            const preview = await scene.stack.preview({ diff: true, refresh: true });
            const { stdout } = preview;
            expect(named(preview)).toContain(`dropInTexts["${file}"]`);
            expect(stdout).toMatch(/^ +- +Environment="NAME=Eve"$/m);
            expect(stdout).toMatch(/^ +\+ +Environment="NAME=User"$/m);
            await scene.stack.up({ refresh: true });
            expect(await onHost(host(), `cat ${file}`)).toContain("NAME=User");
            expect(await page()).toEqual({ status: 200, body: "<h1>Hello, User!</h1>\n" });
        },
        RUN_TIMEOUT_MS,
    );
});
