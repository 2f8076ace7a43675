import type { Connection } from "../../../provider/host/connection";
import { Example } from "../../acceptance/example";
import { which } from "../../acceptance/on-every-engine";
import { type Engine, engines } from "../../engine/engine";

/** Whether the Pulumi CLI is on PATH. */
export const hasCli = which("pulumi") !== undefined;

/** Deploys examples/hello with the Pulumi CLI, with the connection in the stack's configuration. */
export class HelloOnCli {
    private readonly example = new Example("hello");
    private engine: Engine | undefined;

    async prepare(): Promise<void> {
        this.example.build();
        this.engine = (await engines()).find(({ name }) => name === "pulumi");
    }

    /** Runs `pulumi up`, calls `whileDeployed`, and runs `pulumi destroy`. */
    async deploy(stack: string, connection: Connection, whileDeployed: () => Promise<void>): Promise<void> {
        const { engine } = this;
        if (engine === undefined) throw new Error("there is no pulumi on PATH");
        const { host = "", ...others } = connection;
        const project = {
            directory: this.example.directory,
            stack,
            config: { "hello:host": host },
            secretConfig: { "portable:connection": JSON.stringify(others) },
            env: {
                PORTABLE_SSH_CONFIG: process.env.PORTABLE_SSH_CONFIG ?? "",
                PULUMI_NODEJS_TRANSPILE_ONLY: "true",
            },
        };
        const run = async (operation: "up" | "destroy") => {
            const { code, stdout } = await engine[operation](project);
            if (code !== 0) throw new Error(`pulumi ${operation} failed:\n${stdout}`);
        };
        await run("up");
        await whileDeployed();
        await run("destroy");
        await engine.forget(project);
    }

    remove(): void {
        this.example.remove();
    }
}
