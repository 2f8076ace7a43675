import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./samples";

/** Messages of the engine and of sudo, which aren't in the provider's sources. */
const ELSEWHERE = ["resource plugin 'portable'", "sudo"];

test("each error that the page explains is a message of the provider", () => {
    const page = readFileSync(join(root, "docs/troubleshooting.md"), "utf8");
    const sources = globSync(["provider/**/*.ts", "provider/**/*.sh", "provider/pulumi-resource-portable"], {
        cwd: root,
        exclude: (name) => name.includes("provider/dist"),
    })
        .map((name) => readFileSync(join(root, name), "utf8"))
        .join("\n");
    const messages = [...page.matchAll(/^### `(.*)`$/gm)].map(([, message = ""]) => message);
    expect(messages.length).toBeGreaterThan(30);
    const missing = messages
        .filter((message) => !ELSEWHERE.includes(message))
        .filter((message) => !message.split("...").every((part) => sources.includes(part.trim())));
    expect(missing).toEqual([]);
});
