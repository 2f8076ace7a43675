{
    description = "hello and cowsay of nixpkgs, as portable services";

    inputs = {
        nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";
        flake-utils.url = "github:numtide/flake-utils";
    };

    outputs =
        {
            self,
            nixpkgs,
            flake-utils,
        }:
        flake-utils.lib.eachDefaultSystem (
            system:
            let
                pkgs = nixpkgs.legacyPackages.${system};
            in
            {
                packages = {
                    # An image: hello, the unit with the path of hello in it, and all that hello needs.
                    default = pkgs.portableService {
                        pname = "hello";
                        inherit (pkgs.hello) version;
                        units = [
                            (pkgs.replaceVars ./units/hello.service { helloExe = "${pkgs.hello}/bin/hello"; })
                        ];
                    };

                    # A program: index.ts makes the image from it and from unit files.
                    inherit (pkgs) cowsay;
                };

                devShells.default = pkgs.mkShell { buildInputs = [ pkgs.squashfsTools ]; };
            }
        );
}
