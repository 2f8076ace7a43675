import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { Store } from "../../provider/image/store/store";
import type { TestHost } from "../hosts";
import { flake, privateNix } from "../image/sources/nix/nix-store";
import { RUN_TIMEOUT_MS } from "./example";
import { journal, onEveryEngine, onHost } from "./on-every-engine";

const storeDirectory = privateNix();

/** Replaces the flake's inputs by local stand-ins. */
function prepare({ example }: { example: { edit(name: string, from: string, to: string): void } }): void {
    example.edit("flake.nix", "github:NixOS/nixpkgs/nixpkgs-unstable", `path:${flake("nixpkgs")}`);
    example.edit("flake.nix", "github:numtide/flake-utils", `path:${flake("flake-utils")}`);
}

/** Removes what the engine before this one built: garbage collector roots and their store paths. */
function forgetBuilt(): void {
    rmSync(path.join(Store.directoryOf(process.env), "nix-roots"), { recursive: true, force: true });
    execFileSync("nix-store", ["--gc"], { env: process.env, stdio: "ignore" });
}

onEveryEngine("hello-nix", { prepare }, (scene) => {
    const host = () => scene.hosts[0] as TestHost;
    const cow = () => onHost(host(), "echo hello | nc -N 127.0.0.1 3000");

    test(
        "preview: the flake is evaluated and nothing is built",
        async () => {
            forgetBuilt();
            const { stdout, summary } = await scene.stack.preview({ diff: true });
            expect(summary).toEqual({ create: 5 });
            expect(stdout.match(/sourceDigest *: "[0-9a-f]{64}"/g)).toHaveLength(2);
            expect(readdirSync(storeDirectory).filter((name) => /-(cowsay|hello-img)-[0-9.]+$/.test(name))).toEqual([]);
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "up: hello says hello, the cow answers, on a host without nix",
        async () => {
            const { outputs } = await scene.stack.up();
            expect(outputs.units).toMatchObject({
                "hello.service": { enablement: "enabled" },
                "cowsay.socket": { active: "active", enablement: "enabled" },
                "cowsay@.service": { active: "template" },
            });
            expect(await journal(host(), "hello")).toContain("Hello, world!");
            expect(await cow()).toBe("< hello >");
            await expect(onHost(host(), `test -e ${storeDirectory} || command -v nix`)).rejects.toThrow();
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "preview again: nothing has changed",
        async () => {
            const { summary } = await scene.stack.preview();
            expect(summary).toEqual({ same: 5 });
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "a changed line of a unit: the preview shows it for the closure, and a new digest for the flake's image",
        async () => {
            scene.example.edit("units/cowsay@.service", "@cowsay@/bin/cowsay", "@cowsay@/bin/cowsay -b");
            scene.example.edit("units/hello.service", "Description=Hello world", "Description=Hello, again");
            const { stdout } = await scene.stack.preview({ diff: true });
            expect(stdout).toMatch(/- +ExecStart=\S+\/store\/[a-z0-9]{32}-cowsay-3\.8\.4\/bin\/cowsay\n/);
            expect(stdout).toMatch(/\+ +ExecStart=\S+\/store\/[a-z0-9]{32}-cowsay-3\.8\.4\/bin\/cowsay -b\n/);
            expect(stdout).toMatch(/sourceDigest/);
            await scene.stack.up();
            expect(await onHost(host(), "systemctl show -P Description hello.service cowsay.socket")).toContain(
                "Hello, again",
            );
            expect(await cow()).toBe("< hello >");
            scene.example.edit("units/cowsay@.service", "@cowsay@/bin/cowsay -b", "@cowsay@/bin/cowsay");
            scene.example.edit("units/hello.service", "Description=Hello, again", "Description=Hello world");
        },
        RUN_TIMEOUT_MS,
    );

    test(
        "an error in the flake: the preview reports its line",
        async () => {
            scene.example.edit("flake.nix", "inherit (pkgs) cowsay;", "cowsay = pkgs.cowsai;");
            const { stdout } = await scene.stack.failing("preview");
            expect(stdout).toMatch(/flake\.nix:\d+:\d+: attribute 'cowsai' missing/);
            scene.example.edit("flake.nix", "cowsay = pkgs.cowsai;", "inherit (pkgs) cowsay;");
        },
        RUN_TIMEOUT_MS,
    );
});
