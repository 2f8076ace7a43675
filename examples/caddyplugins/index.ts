import * as pulumi from "@pulumi/pulumi";
import * as portable from "pulumi-portable";

const config = new pulumi.Config();
const connection = { host: config.get("host") ?? "web1" }; // a name from ~/.ssh/config, or an address
const name = config.get("name");
const teapot = config.getBoolean("teapot") ?? false;

// Two ways to the same image: Go here, or Nix where that is installed (see nix/flake.nix).
const ofGo: portable.types.input.ImageSourceArgs = {
    files: {
        units: ["units/caddyplugins.service", "units/caddyplugins.socket"],
        tree: {
            "/usr/bin/caddy": { asset: new pulumi.asset.FileAsset(teapot ? "bin/caddy-teapot" : "bin/caddy") },
            "/etc/caddy/Caddyfile": { asset: new pulumi.asset.FileAsset(teapot ? "Caddyfile.teapot" : "Caddyfile") },
        },
    },
};
const ofNix: portable.types.input.ImageSourceArgs = {
    nix: { directory: "nix", installable: teapot ? ".#teapot" : ".#plain" },
};

// Not called caddy: a host that has Caddy's own package has a caddy.service already.
const image = new portable.PortableImage("caddyplugins", {
    version: "2.11.9",
    source: config.getBoolean("nix") ? ofNix : ofGo,
    connection,
});

const service = new portable.AttachedService("caddyplugins", { image: image.path, connection });

// The host's own configuration in place of the one in the image.
if (name !== undefined) {
    new portable.DropIn(
        "caddyplugins-override",
        {
            unit: "caddyplugins.service",
            name: "override.conf",
            sections: { Service: { BindReadOnlyPaths: ["/etc/caddy"], Environment: { NAME: name } } },
            files: { "/etc/caddy/Caddyfile": { asset: new pulumi.asset.FileAsset("Caddyfile.host"), mode: "0644" } },
            onChange: "reload",
            connection,
        },
        { dependsOn: service },
    );
}

export const units = service.unitStates;
