import { COMPONENT_SCENARIOS } from "./component-scenarios";
import { FAILURE_SCENARIOS } from "./failure-scenarios";
import { chain, type Scenario } from "./scenario";

export const SCENARIOS: Scenario[] = [
    {
        name: "create",
        config: { "faulty:region": "here", "hello:greeting": "Hi" },
        secretConfig: { "faulty:token": "s3cret" },
        steps: [
            {
                run: "preview",
                program: `
                    const a = thing("a", {
                        content: new pulumi.Config().require("greeting"), nested: { list: [1, { "x.y": true }] },
                        asset: new pulumi.asset.FileAsset("file.txt"), text: new pulumi.asset.StringAsset("text"),
                        password: "hidden", wrapped: pulumi.secret({ deep: "hidden" }),
                    }, { customTimeouts: { create: "1m30s" } });
                    const group = new pulumi.ComponentResource("example:index:Group", "group");
                    const b = thing("b", { content: a.content, key: a.id }, { parent: group, dependsOn: a });
                    const echoed = pulumi.output(pulumi.runtime.invoke("faulty:index:echo", { word: "word", password: pulumi.secret("p") }));
                    outputs.content = a.content; outputs.id = b.id; outputs.echoed = echoed; outputs.password = a.password;`,
                calls: ["check a", "create a (preview)", "check b", "create b (preview)"],
                summary: { create: 4 },
                shows: "+ 4 to create",
            },
            {
                run: "up",
                calls: ["check a", "create a", "check b", "create b"],
                summary: { create: 4 },
                shows: "+ 4 created",
            },
            { run: "destroy", calls: ["delete b", "delete a"], summary: { delete: 4 } },
        ],
    },
    {
        name: "no change",
        steps: [
            { run: "up", program: chain("one"), calls: ["check a", "create a", "check b", "create b"] },
            { run: "preview", calls: ["check a", "diff a", "check b", "diff b"], summary: { same: 3 } },
            {
                run: "up",
                calls: ["check a", "diff a", "check b", "diff b"],
                summary: { same: 3 },
                shows: "3 unchanged",
            },
        ],
    },
    {
        name: "change",
        steps: [
            {
                run: "up",
                program: `thing("a", { content: "one", nested: { x: { y: 1 } } })`,
                calls: ["check a", "create a"],
            },
            {
                run: "preview",
                program: `thing("a", { content: "one", nested: { x: { y: 2 } } })`,
                calls: ["check a", "diff a", "update a (preview)"],
                summary: { same: 1, update: 1 },
                shows: "y: 1 => 2",
            },
            { run: "up", calls: ["check a", "diff a", "update a"], summary: { same: 1, update: 1 } },
        ],
    },
    {
        name: "replace: create, the dependents, then delete the old one",
        steps: [
            { run: "up", program: chain("one", "k1"), calls: ["check a", "create a", "check b", "create b"] },
            {
                run: "preview",
                program: chain("one", "k2"),
                calls: [
                    ...["check a", "diff a", "check a", "create a (preview)"],
                    ...["check b", "diff b", "check b", "create b (preview)"],
                ],
                summary: { same: 1, replace: 2 },
            },
            {
                run: "up",
                calls: [
                    ...["check a", "diff a", "check a", "create a"],
                    ...["check b", "diff b", "check b", "create b", "delete b", "delete a"],
                ],
                summary: { same: 1, replace: 2 },
            },
        ],
    },
    {
        name: "replace with deleteBeforeReplace",
        steps: [
            {
                run: "up",
                program: `thing("a", { key: "k1" }, { deleteBeforeReplace: true })`,
                calls: ["check a", "create a"],
            },
            {
                run: "up",
                program: `thing("a", { key: "k2" }, { deleteBeforeReplace: true })`,
                faults: { "create a": "before" },
                calls: ["check a", "diff a", "check a", "delete a", "create a"],
                fails: true,
            },
            { run: "up", calls: ["check a", "diff a", "check a", "create a"], summary: { same: 1, replace: 1 } },
        ],
    },
    ...FAILURE_SCENARIOS,
    {
        name: "refresh after drift",
        steps: [
            {
                run: "up",
                program: `const a = thing("a", { content: "one" }); thing("b", {}, { dependsOn: a });`,
                calls: ["check a", "create a", "check b", "create b"],
            },
            {
                run: "refresh",
                drift: { "a-0": "other", "b-0": null },
                calls: ["diff a", "read a", "read b"],
                summary: { same: 1, update: 1, delete: 1 },
                shows: `content`,
            },
            {
                run: "preview",
                calls: ["check a", "diff a", "update a (preview)", "check b", "create b (preview)"],
                shows: `content: "other" => "one"`,
            },
            { run: "up", calls: ["check a", "diff a", "update a", "check b", "create b"] },
            { run: "refresh", calls: ["diff a", "diff b", "read a", "read b"], summary: { same: 3 } },
            {
                run: "up --refresh",
                faults: { "read a": "stopped" },
                calls: ["diff a", "diff b", "read a", "read b", "check a", "diff a", "update a", "check b", "diff b"],
                summary: { same: 2, update: 1 },
            },
        ],
    },
    {
        name: "refresh of an unhealthy resource and of an unreachable one",
        steps: [
            { run: "up", program: `thing("a", { content: "one" })`, calls: ["check a", "create a"] },
            {
                run: "refresh",
                faults: { "read a": "unhealthy" },
                calls: ["diff a", "read a"],
                summary: { same: 2 },
                shows: "warning: Refreshed resource is in an unhealthy state:",
            },
            { run: "preview", calls: ["check a", "diff a", "update a (preview)"], summary: { same: 1, update: 1 } },
            {
                run: "refresh",
                faults: { "read a": "before" },
                calls: ["read a"],
                fails: true,
                shows: "cannot reach the host",
            },
            { run: "refresh", calls: ["diff a", "read a"], summary: { same: 2 } },
            { run: "up", calls: ["check a", "diff a"], summary: { same: 2 } },
        ],
    },
    {
        name: "destroy after failure",
        steps: [
            {
                run: "up",
                program: chain("one"),
                faults: { "create b": "after" },
                calls: ["check a", "create a", "check b", "create b"],
                fails: true,
            },
            {
                run: "destroy",
                faults: { "delete b": "before" },
                calls: ["delete b"],
                fails: true,
                shows: "error: it is in use",
            },
            { run: "destroy", calls: ["delete b", "delete a"], summary: { delete: 3 } },
        ],
    },
    {
        name: "removal from the program, with protect and retainOnDelete",
        steps: [
            {
                run: "up",
                program: `
                    const a = thing("a", {}); const b = thing("b", {}, { dependsOn: a, retainOnDelete: true });
                    thing("c", {}, { dependsOn: b, protect: true });`,
                calls: ["check a", "create a", "check b", "create b", "check c", "create c"],
            },
            { run: "preview", program: `thing("a", {});`, calls: ["check a", "diff a"], fails: true },
            { run: "up", calls: ["check a", "diff a"], fails: true, shows: "because it is protected" },
            {
                run: "up",
                program: `const a = thing("a", {}); thing("c", {}, { dependsOn: a });`,
                calls: ["check a", "diff a", "check c", "diff c"],
                summary: { same: 3, delete: 1 },
            },
            { run: "up", program: "", calls: ["delete c", "delete a"], summary: { same: 1, delete: 2 } },
        ],
    },
    {
        name: "a check that fails, and a program that throws",
        steps: [
            {
                run: "preview",
                program: `thing("a", { content: "refused" })`,
                calls: ["check a"],
                fails: true,
                shows: "it must not be 'refused'",
            },
            { run: "up", program: `thing("a", {})`, calls: ["check a", "create a"] },
            { run: "up", program: `throw new Error("it went wrong")`, calls: [], fails: true, shows: "it went wrong" },
            { run: "up", program: "", calls: ["delete a"] },
        ],
    },
    {
        name: "ignoreChanges",
        steps: [
            {
                run: "up",
                program: `thing("a", { content: "one", nested: { x: 1, y: 1 }, asset: new pulumi.asset.StringAsset("one") })`,
                calls: ["check a", "create a"],
            },
            {
                run: "up",
                program: `thing("a", { content: "two", nested: { x: 2, y: 2 }, asset: new pulumi.asset.StringAsset("two") },
                    { ignoreChanges: ["content", "nested.x", "asset"] })`,
                calls: ["check a", "diff a", "update a"],
            },
        ],
    },
    {
        name: "explicit provider, with configuration that a preview doesn't know",
        steps: [
            {
                run: "preview",
                program: `
                    const a = thing("a", { content: "one" });
                    const provider = new Provider("p", { region: a.id, nested: { x: 1 }, token: pulumi.secret("s") });
                    thing("b", {}, { provider });`,
                calls: ["check a", "create a (preview)"],
                summary: { create: 4 },
            },
            { run: "up", calls: ["check a", "create a", "check b", "create b"], summary: { create: 4 } },
            {
                run: "up",
                program: `
                    const a = thing("a", { content: "one" });
                    const provider = new Provider("p", { region: a.id, nested: { x: 2 } });
                    thing("b", { content: "two" }, { provider });`,
                calls: ["check a", "diff a", "check b", "diff b", "update b"],
            },
            {
                run: "up",
                program: `
                    const a = thing("a", { content: "one" });
                    const provider = new Provider("p", { region: "elsewhere", account: "other" });
                    thing("b", { content: "two", key: "k2" }, { provider, dependsOn: a });`,
                calls: ["check a", "diff a", "check b", "check b", "create b", "delete b"],
                summary: { same: 2, replace: 2 },
            },
            { run: "refresh", calls: ["diff a", "diff b", "read a", "read b"] },
            { run: "destroy", calls: ["delete b", "delete a"] },
        ],
    },
    ...COMPONENT_SCENARIOS,
];
