package main

import (
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/pulumi/pulumi/pkg/v3/codegen"
	"github.com/pulumi/pulumi/pkg/v3/codegen/hcl2/model"
	"github.com/pulumi/pulumi/pkg/v3/codegen/pcl"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/zclconf/go-cty/cty"
)

// javaProgram writes a program in Java. The generator of this version of pulumi-java knows neither enums nor maps of
// objects, and imports from a package that isn't the SDK's; a later one can't be had as a module. It takes what examples
// need: configuration, functions, resources without options, and outputs.
type javaProgram struct {
	basePackage string
	imports     map[string]bool
	// By name, without the module, which the binder writes in its own way.
	functions map[string]*schema.Function
	// Variables that hold the result of a function.
	results map[string]bool
}

func javaGenerator(pkg *schema.Package) func(*pcl.Program) (map[string][]byte, hcl.Diagnostics, error) {
	// Before a generator has read it in its own way.
	basePackage := javaPackage(pkg)
	return func(program *pcl.Program) (files map[string][]byte, _ hcl.Diagnostics, err error) {
		defer func() {
			if problem := recover(); problem != nil {
				err = fmt.Errorf("%v", problem)
			}
		}()
		j := javaProgram{
			basePackage: basePackage,
			imports:     map[string]bool{"com.pulumi.Context": true, "com.pulumi.Pulumi": true},
			functions:   map[string]*schema.Function{},
			results:     map[string]bool{},
		}
		for _, function := range pkg.Functions {
			j.functions[tokenName(function.Token)] = function
		}
		var body strings.Builder
		for _, node := range pcl.Linearize(program) {
			body.WriteString(j.statement(node))
		}
		return map[string][]byte{"App.java": []byte(j.file(body.String()))}, nil, nil
	}
}

func javaPackage(pkg *schema.Package) string {
	var info struct{ BasePackage string }
	if err := json.Unmarshal(pkg.Language["java"].(json.RawMessage), &info); err != nil {
		panic(err)
	}
	return info.BasePackage + "." + pkg.Name
}

func (j javaProgram) file(body string) string {
	var names []string
	for name := range j.imports {
		names = append(names, "import "+name+";\n")
	}
	sort.Strings(names)
	return strings.Join(names, "") + `
public class App {
    public static void main(String[] args) {
        Pulumi.run(App::stack);
    }

    public static void stack(Context ctx) {
` + body + `    }
}
`
}

const indent = "        "

func (j javaProgram) statement(node pcl.Node) string {
	switch node := node.(type) {
	case *pcl.ConfigVariable:
		return fmt.Sprintf("%svar %s = ctx.config().require(%q);\n", indent, node.Name(), node.Name())
	case *pcl.LocalVariable:
		call := node.Definition.Value.(*model.FunctionCallExpression)
		j.results[node.Name()] = call.Name == "invoke"
		return fmt.Sprintf("%svar %s = %s;\n", indent, node.Name(), j.value(call, nil, indent))
	case *pcl.Resource:
		j.use(tokenName(node.Token), "")
		j.use(tokenName(node.Token)+"Args", "")
		if node.Options != nil {
			panic("options of a resource")
		}
		inputs := map[string]schema.Type{}
		for _, property := range node.Schema.InputProperties {
			inputs[property.Name] = property.Type
		}
		var properties []property
		for _, input := range node.Inputs {
			properties = append(properties, property{input.Name, input.Value})
		}
		builder := j.builder(tokenName(node.Token)+"Args", properties, inputs, indent)
		return fmt.Sprintf("%svar %s = new %s(%q, %s);\n", indent, node.Name(), tokenName(node.Token), node.LogicalName(), builder)
	case *pcl.OutputVariable:
		return fmt.Sprintf("%sctx.export(%q, %s);\n", indent, node.LogicalName(), j.value(node.Value, nil, indent))
	default:
		panic(fmt.Sprintf("a node of type %T", node))
	}
}

type property struct {
	name  string
	value model.Expression
}

func (j javaProgram) builder(class string, properties []property, types map[string]schema.Type, at string) string {
	lines := []string{class + ".builder()"}
	for _, property := range properties {
		inner := at + "    "
		value := property.value
		text := ""
		if list, ok := value.(*model.TupleConsExpression); ok {
			array := unwrap(types[property.name]).(*schema.ArrayType)
			text = strings.Join(j.values(list.Expressions, array.ElementType, inner), ", ")
		} else {
			text = j.value(value, types[property.name], inner)
		}
		lines = append(lines, fmt.Sprintf("%s.%s(%s)", inner, property.name, text))
	}
	return strings.Join(append(lines, at+"    .build()"), "\n")
}

// value writes an expression where the SDK wants a value of the type; nil is any.
func (j javaProgram) value(value model.Expression, wanted schema.Type, at string) string {
	switch value := value.(type) {
	case *model.TemplateExpression:
		if len(value.Parts) != 1 {
			panic("a text with variables")
		}
		return j.value(value.Parts[0], wanted, at)
	case *model.LiteralValueExpression:
		return j.literal(value.Value, wanted)
	case *model.ScopeTraversalExpression:
		return j.traversal(value)
	case *model.TupleConsExpression:
		j.imports["java.util.List"] = true
		return "List.of(" + strings.Join(j.values(value.Expressions, nil, at), ", ") + ")"
	case *model.ObjectConsExpression:
		return j.object(value, wanted, at)
	case *model.FunctionCallExpression:
		return j.call(value, at)
	default:
		panic(fmt.Sprintf("an expression of type %T", value))
	}
}

func (j javaProgram) values(expressions []model.Expression, wanted schema.Type, at string) []string {
	var texts []string
	for _, expression := range expressions {
		texts = append(texts, j.value(expression, wanted, at))
	}
	return texts
}

func (j javaProgram) literal(value cty.Value, wanted schema.Type) string {
	switch {
	case value.Type() == cty.Bool:
		return strconv.FormatBool(value.True())
	case value.Type() == cty.Number:
		number, _ := value.AsBigFloat().Float64()
		text := strconv.FormatFloat(number, 'f', -1, 64)
		if unwrap(wanted) == schema.NumberType && !strings.Contains(text, ".") {
			return text + ".0"
		}
		return text
	}
	if enum := enumOf(wanted); enum != nil {
		j.use(tokenName(enum.Token), "enums")
		name := title(value.AsString())
		// A keyword of Java has a suffix.
		if name == "Default" {
			name += "_"
		}
		return tokenName(enum.Token) + "." + name
	}
	return strconv.Quote(value.AsString())
}

func (j javaProgram) object(value *model.ObjectConsExpression, wanted schema.Type, at string) string {
	var properties []property
	for _, item := range value.Items {
		key := item.Key
		if template, ok := key.(*model.TemplateExpression); ok {
			key = template.Parts[0]
		}
		properties = append(properties, property{key.(*model.LiteralValueExpression).Value.AsString(), item.Value})
	}
	if object, ok := unwrap(wanted).(*schema.ObjectType); ok {
		types := map[string]schema.Type{}
		for _, property := range object.Properties {
			types[property.Name] = property.Type
		}
		j.use(tokenName(object.Token)+"Args", "inputs")
		return j.builder(tokenName(object.Token)+"Args", properties, types, at)
	}
	var element schema.Type
	if dictionary, ok := unwrap(wanted).(*schema.MapType); ok {
		element = dictionary.ElementType
	}
	j.imports["java.util.Map"] = true
	inner := at + "    "
	var entries []string
	for _, property := range properties {
		entries = append(entries, fmt.Sprintf("%s%q, %s", inner, property.name, j.value(property.value, element, inner)))
	}
	return "Map.of(\n" + strings.Join(entries, ",\n") + ")"
}

// traversal writes image.path as image.path(); of the result of a function, which is an output, it applies the rest.
func (j javaProgram) traversal(value *model.ScopeTraversalExpression) string {
	accessors := ""
	for _, part := range value.Traversal[1:] {
		accessors += "." + part.(hcl.TraverseAttr).Name + "()"
	}
	if j.results[value.RootName] {
		return fmt.Sprintf("%s.applyValue(result -> result%s)", value.RootName, accessors)
	}
	return value.RootName + accessors
}

func (j javaProgram) call(value *model.FunctionCallExpression, at string) string {
	switch value.Name {
	case "secret":
		j.imports["com.pulumi.core.Output"] = true
		return "Output.ofSecret(" + j.value(value.Args[0], nil, at) + ")"
	case "fileAsset":
		j.imports["com.pulumi.asset.FileAsset"] = true
		return "new FileAsset(" + j.value(value.Args[0], nil, at) + ")"
	case "invoke":
		token := value.Args[0].(*model.TemplateExpression).Parts[0].(*model.LiteralValueExpression).Value.AsString()
		name := tokenName(token)
		function := j.functions[name]
		j.use("PortableFunctions", "")
		arguments := *function.Inputs
		arguments.Token = strings.TrimSuffix(function.Token, name) + title(name)
		return "PortableFunctions." + name + "(" + j.value(value.Args[1], &arguments, at) + ")"
	default:
		panic("the function " + value.Name)
	}
}

func (j javaProgram) use(class, module string) {
	j.imports[strings.Join(strings.FieldsFunc(j.basePackage+"."+module+"."+class, func(r rune) bool { return r == '.' }), ".")] = true
}

func tokenName(token string) string { return token[strings.LastIndex(token, ":")+1:] }

// unwrap answers what a type is beneath optional and input; of a union, the type of its objects.
func unwrap(wanted schema.Type) schema.Type {
	if wanted == nil {
		return nil
	}
	plain := codegen.UnwrapType(wanted)
	if union, ok := plain.(*schema.UnionType); ok {
		for _, element := range union.ElementTypes {
			if object, ok := codegen.UnwrapType(element).(*schema.ObjectType); ok {
				return object
			}
		}
	}
	return plain
}

func enumOf(wanted schema.Type) *schema.EnumType {
	if wanted == nil {
		return nil
	}
	plain := codegen.UnwrapType(wanted)
	if enum, ok := plain.(*schema.EnumType); ok {
		return enum
	}
	if union, ok := plain.(*schema.UnionType); ok {
		for _, element := range union.ElementTypes {
			if enum, ok := codegen.UnwrapType(element).(*schema.EnumType); ok {
				return enum
			}
		}
	}
	return nil
}

func title(name string) string { return strings.ToUpper(name[:1]) + name[1:] }
