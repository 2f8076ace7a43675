import { readFileSync } from "node:fs";
import type { TestHost } from "../hosts";
import { RUN_TIMEOUT_MS } from "./example";
import { onEveryEngine, which } from "./on-every-engine";

/** Missing requirements: the CLI, and the plugin of @pulumi/command, which isn't part of its npm package. */
const missing = ["pulumi", "pulumi-resource-command"].filter((program) => which(program) === undefined);

const title = missing.length === 0 ? "with @pulumi/command" : `not run, as these aren't on PATH: ${missing.join(", ")}`;
(missing.length === 0 ? describe : describe.skip)(title, () => {
    onEveryEngine("remote-checks", { only: "pulumi", prepare: ({ example }) => example.build() }, (scene) => {
        test(
            "journalctl after the deployment, over the same connection: Hello, world!",
            async () => {
                const [host] = scene.hosts as [TestHost];
                scene.stack.configure({ host: host.address, hostKey: host.hostKey, name: "world" });
                scene.stack.configureSecrets({ privateKey: readFileSync(host.privateKeyPath, "utf8") });
                const { outputs } = await scene.stack.up();
                expect(outputs.said).toBe("Hello, world!");
            },
            RUN_TIMEOUT_MS,
        );

        test(
            "the command runs again when the service has changed, and not otherwise",
            async () => {
                const { summary } = await scene.stack.up();
                expect(summary).toEqual({ same: 4 });
                scene.stack.configure({ name: "Ada" });
                const { outputs } = await scene.stack.up();
                expect(outputs.said).toBe("Hello, Ada!");
            },
            RUN_TIMEOUT_MS,
        );
    });
});
