import { type HostFacts, missingForPortable } from "../../provider/host/facts";

const facts: HostFacts = {
    machineId: "1",
    hostName: "web1",
    systemdVersion: 257,
    portablectl: true,
    flock: true,
    portabled: "loaded",
    os: ["debian"],
    machine: "x86_64",
};
const missing = (changed: Partial<HostFacts>) =>
    missingForPortable({ ...facts, ...changed }).map(({ what, todo }) => `${what} | ${todo}`);

test("everything that is missing on a host is reported with what to do", () => {
    expect(missing({})).toEqual([]);
    expect(missing({ systemdVersion: 241, portablectl: false })).toEqual([
        "systemd is too old for portable services that can be updated in place: it has 241, 248 or later is needed | Upgrade the host's system",
        "portable services aren't installed: there is no portablectl | Run `apt install systemd-container` there",
    ]);
    expect(missing({ portabled: "masked" })).toEqual([
        "systemd-portabled.service is masked | Run `systemctl unmask systemd-portabled.service` there",
    ]);
});
