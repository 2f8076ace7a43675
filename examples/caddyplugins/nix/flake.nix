{
  description = "The images of this example, built by Nix: .#plain and .#teapot";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";

  outputs =
    { nixpkgs, ... }:
    let
      onEach = nixpkgs.lib.genAttrs [
        "x86_64-linux"
        "aarch64-linux"
      ];
    in
    {
      packages = onEach (
        system:
        let
          pkgs = nixpkgs.legacyPackages.${system};

          image =
            { caddy, handler }:
            pkgs.portableService {
              pname = "caddyplugins";
              inherit (caddy) version;
              units = [
                # Caddy's own unit, and after it what differs: the last line of a setting counts.
                (pkgs.concatText "caddyplugins.service" [
                  "${caddy}/lib/systemd/system/caddy.service"
                  ./caddyplugins.service
                ])
                (pkgs.concatText "caddyplugins.socket" [ ./caddyplugins.socket ])
              ];
              symlinks = [
                {
                  object = pkgs.writeText "Caddyfile" ''
                    http://:80 {
                        bind fd/3
                        ${handler}
                    }
                  '';
                  symlink = "/etc/caddy/Caddyfile";
                }
              ];
            };
        in
        {
          plain = image {
            caddy = pkgs.caddy;
            handler = ''respond "Hello, world!"'';
          };

          teapot = image {
            caddy = pkgs.caddy.withPlugins {
              plugins = [ "github.com/hairyhenderson/caddy-teapot-module@v0.0.3-0" ];
              # Depends on the version of Caddy in nixpkgs: the first build says which it is.
              hash = pkgs.lib.fakeHash;
            };
            handler = "route {\n        teapot\n    }";
          };
        }
      );
    };
}
