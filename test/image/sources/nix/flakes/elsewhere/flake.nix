# Built in a sandbox without anything of the machine: the builder is a static program, made by the test.
{
    outputs =
        { self }:
        let
            # Prints nothing, and copies its first argument to $out.
            copy =
                name: what:
                derivation {
                    inherit name;
                    system = "x86_64-linux";
                    builder = ./copy;
                    args = [ what ];
                };
        in
        {
            packages.x86_64-linux = {
                image = copy "image" ./image.raw;
                program = copy "program" ./copy;
            };
        };
}
