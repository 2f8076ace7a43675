import { suites } from "../../hosts";
import { onHost } from "../hello";
import { helloHost } from "../hello-host";
import { idle, imageOf } from "./kinds";

const units = {
    "hello.service": idle("[Install]\nWantedBy=multi-user.target\n"),
    "hello.socket": "[Socket]\nListenStream=/run/hello\nRemoveOnStop=yes\n[Install]\nWantedBy=sockets.target\n",
};

describe.each(suites)("on %s", (suite) => {
    const { provider, host, connection } = helloHost({ suite });

    test("a socket that was active when up began, and is stopped with its service meanwhile, is started again", async () => {
        const hello = provider.resource("PortableImage", "hello");
        const service = provider.resource("AttachedService", "hello");
        await hello.up(imageOf(connection, "1.0", units));
        const inputs = { image: hello.outputs.path, connection };
        await service.up(inputs);
        // The service ends after the unit that is ordered behind it, when the update has begun; the socket ends last.
        await onHost(
            host,
            "systemd-run -q --unit behind -p After=hello.service -p ExecStop='/bin/sleep 2' sleep infinity; systemctl stop --no-block behind hello.service hello.socket",
        );
        const dropIns = [{ unit: "hello.service", sections: { Service: { Environment: { NAME: "two" } } } }];
        await service.up({ ...inputs, dropIns });
        expect(await onHost(host, "systemctl is-active hello.service hello.socket")).toBe("active\nactive");
        expect(service.outputs.unitStates).toMatchObject({ "hello.socket": { active: "active" } });
    });
});
