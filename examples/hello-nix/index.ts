import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const config = new pulumi.Config();
const connection = { host: config.get("host") ?? "web1" }; // a name from ~/.ssh/config, or an address
const system = config.get("system") ?? "x86_64-linux"; // the host's, whatever this machine is

// An image that the flake makes, with pkgs.portableService.
const hello = new portable.PortableImage("hello", {
    version: "2.12",
    source: { nix: { installable: `.#packages.${system}.default` } },
    connection,
});
const helloService = new portable.AttachedService("hello", { image: hello.path, connection });

// A program of the flake, and unit files: the image is made here. A template keeps its @ like any other file.
const cowsay = new portable.PortableImage("cowsay", {
    version: "3.8",
    source: {
        closure: {
            programs: { cowsay: `.#packages.${system}.cowsay` }, // @cowsay@ in a unit is its path in the Nix store
            units: ["units/cowsay@.service", "units/cowsay.socket"],
        },
    },
    connection,
});
const cowsayService = new portable.AttachedService("cowsay", { image: cowsay.path, connection });

export const units = pulumi
    .all([helloService.unitStates, cowsayService.unitStates])
    .apply(([hello, cowsay]) => ({ ...hello, ...cowsay }));
