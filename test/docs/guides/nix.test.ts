import { RUN_TIMEOUT_MS } from "../../acceptance/example";
import { journal, onHost, which } from "../../acceptance/on-every-engine";
import { flake, privateNix } from "../../image/sources/nix/nix-store";
import { samplesOf } from "../samples";
import { followGuides } from "./follow-guides";
import type { GuideProject } from "./guide-project";
import { NIX } from "./parts";

/** Writes the page's flake with a stand-in for nixpkgs that needs no network. */
function makeFlake(project: GuideProject): void {
    const [page] = samplesOf("docs/guides/images/nix.md").filter(({ language }) => language === "nix");
    const nixpkgs = flake("nixpkgs");
    project.write("flake.nix", (page?.text ?? "").replace("{\n", `{\n  inputs.nixpkgs.url = "path:${nixpkgs}";\n`));
    project.program(...NIX);
    for (const file of project.programFiles) {
        const text = project.read(file);
        project.write(file, text.replace("nixpkgs#", `path:${nixpkgs}#`));
    }
}

if (which("nix") === undefined) test.skip("the guides of Nix: nix isn't installed", () => {});
else {
    privateNix();
    followGuides("nix and closure", { prepare: makeFlake }, (scene) => {
        test(
            "an image that Nix builds, and a program of nixpkgs with own unit files, are deployed",
            async () => {
                expect((await scene.stack.up()).summary).toEqual({ create: 5 });
                expect(await journal(scene.host, "hello")).toContain("Hello, world!");
                expect(await onHost(scene.host, "echo hello | nc -N 127.0.0.1 3000")).toContain("< hello >");
                expect((await scene.host.exec("command -v nix")).code).not.toBe(0);
            },
            RUN_TIMEOUT_MS,
        );
    });
}
