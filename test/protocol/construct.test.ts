import * as pb from "@pulumi/pulumi/proto/provider_pb";
import { portable } from "../../provider/package";
import { SIGNATURE, SIGNATURE_KEY, UNKNOWN_STRING } from "../../provider/protocol/wire";
import { type Goal, serveMonitor } from "../engine/stand-in/monitor";
import { Client, failureOf, secret, struct } from "./client";
import { RecordingEngine, STACK } from "./recording-engine";

type Json = Record<string, unknown>;

const SERVER = "urn:pulumi:dev::proj::cloud:index:Server::two";
const PROVIDER = "urn:pulumi:dev::proj::pulumi:providers:portable::default::7";
const unknownFrom = (urn: string) => ({ [SIGNATURE_KEY]: SIGNATURE.output, dependencies: [urn] });

/** Sends the provider the reference of its provider resource, `<urn>::<id>`. */
function configureOf(reference: string) {
    const configure = new pb.ConfigureRequest();
    configure.setArgs(struct({}));
    configure.setUrn(reference.replace(/::[^:]*$/, ""));
    configure.setId(reference.replace(/^.*::/, ""));
    return configure;
}

let engine: RecordingEngine;
let client: Client;
let monitor: { address: string; close(): void };

beforeEach(async () => {
    engine = new RecordingEngine();
    const calls = { register: engine.register, registerOutputs: engine.registerOutputs, log: engine.log };
    const bound = Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, call.bind(engine)]));
    monitor = await serveMonitor(bound as unknown as Parameters<typeof serveMonitor>[0]);
    client = await Client.start(
        { package: portable, pool: { connect: () => Promise.reject(), close() {} } },
        monitor.address,
    );
    await client.call("configure", configureOf(PROVIDER));
});
afterEach(async () => {
    await client.stop();
    monitor.close();
});

const SOURCE = { version: "1.0", source: { raw: { path: "hello.raw" } } };

async function construct(inputs: Json, also: (request: pb.ConstructRequest) => void = () => {}) {
    const request = new pb.ConstructRequest();
    request.setProject("proj");
    request.setStack("dev");
    request.setParent(STACK);
    request.setType("portable:index:PortableService");
    request.setName("hello");
    request.setInputs(struct({ ...SOURCE, ...inputs }));
    request.setMonitorendpoint(monitor.address);
    also(request);
    const response = await client.call<pb.ConstructResponse>("construct", request);
    return response.getState()?.toJavaScript() as Json;
}

const hosts = (...names: string[]) => Object.fromEntries(names.map((name) => [name, { host: `${name}.example` }]));

test("a component registers an image and a service for each host, with its name appended", async () => {
    const state = await construct({ connections: hosts("web1", "web2"), profile: "strict", retain: 3 });
    expect(engine.goals[0]).toMatchObject({ type: "portable:index:PortableService", name: "hello", custom: false });
    expect(engine.goals[0]?.inputs).toEqual({});
    expect(engine.goal("PortableImage", "hello-web1").inputs).toEqual({
        ...SOURCE,
        name: "hello",
        retain: 3,
        connection: { host: "web1.example" },
    });
    // The other hosts are shown as the same as the first one.
    expect(engine.goal("PortableImage", "hello-web2").inputs).toEqual({
        ...SOURCE,
        __shownWith: "hello-web1",
        name: "hello",
        retain: 3,
        connection: { host: "web2.example" },
    });
    expect(engine.goal("AttachedService", "hello-web2").inputs).toEqual({
        __component: { urn: "urn:pulumi:dev::proj::portable:index:PortableService::hello", others: [] },
        __shownWith: "hello-web1",
        image: "/image-hello-web2",
        profile: "strict",
        connection: { host: "web2.example" },
    });
    expect(Object.keys(state.hosts as Json)).toEqual(["web1", "web2"]);
    expect((state.hosts as Json).web2).toEqual({
        image: "/image-hello-web2",
        serving: "/image-hello-web2",
        unitStates: {},
    });
    expect(engine.outputs).toEqual([[expect.stringContaining("PortableService::hello"), state]]);
});

test("a service knows the component's other services on its machine, found by the images' machine ids", async () => {
    engine.machines = { "hello-web1": "one", "hello-web2": "two", "hello-web3": "one" };
    await construct({ connections: hosts("web1", "web2", "web3", "web4", "web5") });
    const others = (name: string) => (engine.goal("AttachedService", name).inputs.__component as Json).others;
    expect([1, 2, 3, 4].map((number) => others(`hello-web${number}`))).toEqual([
        ["hello-web3"],
        [],
        ["hello-web1"],
        [],
    ]);
});

test("the resources of a single host have the component's name", async () => {
    const state = await construct({ name: "greeter", connection: { host: "web1" } });
    expect(engine.goals.map(({ name }) => name)).toEqual(["hello", "hello", "hello"]);
    expect(engine.goal("PortableImage", "hello").inputs).toMatchObject({
        name: "greeter",
        connection: { host: "web1" },
    });
    expect(Object.keys(state.hosts as Json)).toEqual(["hello"]);
});

test("with waves, all images are deployed, then one canary, then the other hosts in the order of their names", async () => {
    await construct({ connections: hosts("web10", "web2", "web1", "web3"), waves: { batchSize: 2 } });
    expect(engine.names("AttachedService")).toEqual(["hello-web1", "hello-web2", "hello-web3", "hello-web10"]);
    const waitsFor = (name: string) =>
        engine
            .goal("AttachedService", name)
            .dependencies.map((urn) => urn.split("::").slice(2).join(" "))
            .sort();
    const images = ["web1", "web10", "web2", "web3"].map((host) => `portable:index:PortableImage hello-${host}`);
    const service = (host: string) => `portable:index:AttachedService hello-${host}`;
    expect(waitsFor("hello-web1")).toEqual(images);
    expect(waitsFor("hello-web2")).toEqual([service("web1"), "portable:index:PortableImage hello-web2"]);
    expect(waitsFor("hello-web10")).toEqual([
        service("web2"),
        service("web3"),
        "portable:index:PortableImage hello-web10",
    ]);
});

test.each([
    [{ canaryHosts: ["web3", "web2"] }, ["web2", "web3", "web1", "web4"]],
    [{ canary: 0, batchSize: 1 }, ["web1", "web2", "web3", "web4"]],
    [{ canary: 9 }, ["web1", "web2", "web3", "web4"]],
])("waves %j", async (waves, order) => {
    await construct({ connections: hosts("web1", "web2", "web3", "web4"), waves });
    expect(engine.names("AttachedService")).toEqual(order.map((name) => `hello-${name}`));
});

test("after a failed wave, services of later hosts aren't registered", async () => {
    engine.refuses = "hello-web2";
    const { message } = await failureOf(
        construct({ connections: hosts("web1", "web2", "web3", "web4"), waves: { batchSize: 1 } }),
    );
    expect(message).toBe(
        "PortableService hello: wave 2 of 4 (web2) didn't get through, so the hosts after it keep what they run: web3, web4. It reported: it doesn't start",
    );
    expect(engine.names("AttachedService")).toEqual(["hello-web1", "hello-web2"]);
    expect(engine.outputs).toEqual([]);
});

test("secrets are marked one by one", async () => {
    await construct({
        connections: {
            web1: { host: "web1", password: secret("hidden-1") },
            web2: secret({ host: "web2", privateKey: "hidden-2" }),
            web3: { [SIGNATURE_KEY]: SIGNATURE.output, value: { host: "web3", password: "hidden-3" }, secret: true },
        },
        files: { "/etc/hello": { content: secret("hidden-4") } },
    });
    const connectionOf = (name: string) => engine.goal("AttachedService", name).inputs.connection;
    expect(connectionOf("hello-web1")).toEqual({ host: "web1", password: secret("hidden-1") });
    expect(connectionOf("hello-web2")).toEqual(secret({ host: "web2", privateKey: "hidden-2" }));
    expect(connectionOf("hello-web3")).toEqual(secret({ host: "web3", password: "hidden-3" }));
    expect(engine.goal("PortableImage", "hello-web1").inputs.connection).toEqual(connectionOf("hello-web1"));
    expect(engine.goal("AttachedService", "hello-web1").inputs.files).toEqual({
        "/etc/hello": { content: secret("hidden-4") },
    });
    expect(JSON.stringify([engine.goals[0], engine.outputs])).not.toContain("hidden");
});

test("a secret list of hosts makes each connection a secret", async () => {
    await construct({ connections: secret(hosts("web1")) });
    expect(engine.goal("PortableImage", "hello-web1").inputs.connection).toEqual(secret({ host: "web1.example" }));
});

test("an unknown address makes only its own host's resources unknown and dependent on its source", async () => {
    const connections = { web1: { host: "web1" }, web2: { host: unknownFrom(SERVER) } };
    await construct({ connections }, (request) => {
        request.setDryrun(true);
        const dependencies = new pb.ConstructRequest.PropertyDependencies();
        dependencies.setUrnsList([SERVER]);
        request.getInputdependenciesMap().set("connections", dependencies);
    });
    const [one, two] = ["hello-web1", "hello-web2"].map((name) => engine.goal("PortableImage", name)) as [Goal, Goal];
    expect(two.inputs.connection).toEqual({ host: UNKNOWN_STRING });
    expect(two.propertyDependencies.connection).toEqual([SERVER]);
    expect(one.propertyDependencies.connection).toEqual([]);
});

test("without dependencies of its parts, a property's dependencies are used for all hosts", async () => {
    await construct({ connections: hosts("web1") }, (request) => {
        const dependencies = new pb.ConstructRequest.PropertyDependencies();
        dependencies.setUrnsList([SERVER]);
        request.getInputdependenciesMap().set("connections", dependencies);
    });
    expect(engine.goal("PortableImage", "hello-web1").propertyDependencies.connection).toEqual([SERVER]);
    expect(engine.goal("PortableImage", "hello-web1").dependencies).toEqual([SERVER]);
});

test("with unknown hosts, a preview registers the component alone and draws a warning", async () => {
    const state = await construct({ connections: unknownFrom(SERVER) }, (request) => request.setDryrun(true));
    expect(engine.goals).toHaveLength(1);
    expect(state).toEqual({ hosts: UNKNOWN_STRING });
    expect(engine.warnings).toEqual([expect.stringContaining("aren't known in this preview")]);
});

test.each([
    [
        "no such property",
        { conections: {} },
        "property conections: there is no such property; did you mean connections?",
    ],
    ["a property of a child", { health: { http: { prt: 1 } } }, "property health.http.prt: there is no such property"],
    ["no name", { connections: { "a b": {} } }, "isn't a name for a host"],
    ["both", { connection: {}, connections: {} }, "property connection: `connections` is given, too. Name all hosts"],
    [
        "two canaries",
        { connections: hosts("web1"), waves: { canary: 1, canaryHosts: ["web1"] } },
        "property waves.canary: `canaryHosts` is given, too. Give the number of hosts, or their names.",
    ],
    [
        "an unknown canary",
        { connections: hosts("web1"), waves: { canaryHosts: ["wbe1"] } },
        "property waves.canaryHosts[0]: there is no wbe1 in `connections`. It has web1.",
    ],
])("refused before a host is asked for: %s", async (_, inputs, text) => {
    const { message } = await failureOf(construct(inputs));
    expect(message).toContain("PortableService hello");
    expect(message).toContain(text);
    expect(engine.goals.filter(({ custom }) => custom)).toEqual([]);
});

test("a secret isn't in the text of an error", async () => {
    const { message } = await failureOf(
        construct({
            connections: hosts("web1"),
            waves: { canaryHosts: ["hidden-name"] },
            beforeSwitch: secret("hidden-name"),
        }),
    );
    expect(message).not.toContain("hidden-name");
});

test("options of the component apply to its children", async () => {
    await construct({ connections: hosts("web1") }, (request) => {
        request.setProtect(true);
        request.setRetainondelete(true);
        request.setIgnorechangesList(["source", "health.http", "connections.web1.port", "connections.web2.user"]);
        request.setDependenciesList([SERVER]);
        const timeouts = new pb.ConstructRequest.CustomTimeouts();
        timeouts.setUpdate("1m30s");
        request.setCustomtimeouts(timeouts);
    });
    const service = engine.goal("AttachedService", "hello-web1");
    expect(service).toMatchObject({
        protect: true,
        retainOnDelete: true,
        ignoreChanges: ["health.http", "connection.port"],
        customTimeouts: { update: 90 },
        provider: PROVIDER,
    });
    expect(service.dependencies).toContain(SERVER);
    expect(engine.goal("PortableImage", "hello-web1").ignoreChanges).toEqual(["source", "connection.port"]);
});

test.each(["connections", "waves.canary"])("ignoreChanges of %s is refused, as no child has it", async (path) => {
    const ignoring = construct({ connections: hosts("web1") }, (request) => request.setIgnorechangesList([path]));
    expect((await failureOf(ignoring)).message).toContain(`Take ${path} out of ignoreChanges`);
});

test("inputs that options of the component change by path aren't folded", async () => {
    await construct({ connections: hosts("web1", "web2") }, (request) => request.setIgnorechangesList(["source"]));
    expect(engine.goal("PortableImage", "hello-web2").inputs).not.toHaveProperty("__shownWith");
});

test("children get the engine's default provider, for which a preview shows no line", async () => {
    await client.call("configure", configureOf("urn:pulumi:dev::proj::pulumi:providers:portable::default_0_1_0::7"));
    await construct({ connections: hosts("web1") });
    expect(engine.goal("PortableImage", "hello-web1")).toMatchObject({ provider: "", version: "" });
});

test("an explicit provider of the component is that of its children", async () => {
    await construct({}, (request) => request.getProvidersMap().set("portable", `${PROVIDER}-explicit`));
    expect(engine.goal("PortableImage", "hello").provider).toBe(`${PROVIDER}-explicit`);
});

test("an unknown type of component is refused", async () => {
    const { message } = await failureOf(construct({}, (request) => request.setType("portable:index:Other")));
    expect(message).toContain("has no component type portable:index:Other");
});
