import { createHook } from "node:async_hooks";
import { connect, createServer, type Socket } from "node:net";
import { credentials } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { Resource } from "../../provider/contract";
import { serve } from "../../provider/protocol/server";
import { listen, struct, URN } from "../protocol/client";
import { aborted, Workshop } from "../protocol/widget";

const LARGE = 4 * 1024 * 1024;
const ends: (() => void)[] = [];
afterEach(() => {
    for (const end of ends.splice(0)) end();
});

/** A provider, and an engine that never closes its connection. */
async function start({ create }: Pick<Resource, "create">) {
    const workshop = new Workshop();
    const widget = { ...workshop.widget, create } as unknown as Resource;
    const load = async () => ({
        package: { ...workshop.package, resources: { Widget: async () => widget } },
        pool: workshop.pool,
    });
    const served = await listen();
    const provider = serve(served.listener, load);
    const wire = { isDeaf: false };
    const sockets: Socket[] = [];
    const between = createServer({ allowHalfOpen: true }, (near) => {
        const far = connect({ port: served.port, host: "127.0.0.1", allowHalfOpen: true });
        sockets.push(near, far);
        near.on("error", () => {}).on("data", (data) => far.write(data));
        far.on("error", () => {}).on("data", (data) => wire.isDeaf || near.write(data));
    });
    const { port } = await listen(between);
    const engine = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
        "grpc.max_receive_message_length": -1,
    });
    ends.push(() => {
        engine.close();
        for (const socket of sockets) socket.destroy();
        between.close();
    });
    return { provider, engine, wire };
}

function createOf(engine: ResourceProviderClient): Promise<pb.CreateResponse> {
    const request = new pb.CreateRequest();
    request.setUrn(URN);
    request.setProperties(struct({ name: "w" }));
    return new Promise((resolve, reject) =>
        engine.create(request, (error, response) => (error === null ? resolve(response) : reject(error))),
    );
}

/** Number of timers that fire during the action. */
async function firedDuring(action: () => Promise<unknown>): Promise<number> {
    const timers = new Set<number>();
    let fired = 0;
    const hook = createHook({
        init: (id, type) => void (type === "Timeout" && timers.add(id)),
        before: (id) => void (timers.has(id) && fired++),
    }).enable();
    await action().finally(() => hook.disable());
    return fired;
}

test("after all answers were sent, the shutdown waits neither for a timer nor for the engine to close its connection", async () => {
    const { provider, engine, wire } = await start({ create: async () => ({ id: "w", outputs: {} }) });
    await createOf(engine);
    await new Promise((resolve) => engine.cancel(new Empty(), resolve));
    wire.isDeaf = true;
    expect(await firedDuring(() => provider.stop())).toBe(0);
});

test("a large answer that is being sent during the shutdown arrives completely", async () => {
    const { provider, engine } = await start({
        create: async ({ signal }) => {
            await aborted(signal).catch(() => {});
            return { id: "w", outputs: { serial: "x".repeat(LARGE) } };
        },
    });
    const answer = createOf(engine);
    await new Promise((resolve) => engine.getPluginInfo(new Empty(), resolve));
    await provider.stop();
    expect((await answer).getProperties()?.getFieldsMap().get("serial")?.getStringValue()).toHaveLength(LARGE);
});
