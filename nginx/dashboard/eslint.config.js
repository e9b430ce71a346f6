import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import typescript from "typescript-eslint";

export default typescript.config(
    { ignores: ["node_modules", "src/api/schema.d.ts"] },
    {
        files: ["src/**/*.{ts,tsx}"],
        extends: [...typescript.configs.strictTypeChecked, a11y.flatConfigs.recommended],
        plugins: { "react-hooks": hooks },
        languageOptions: {
            parserOptions: { projectService: true, tsconfigRootDir: new URL(".", import.meta.url).pathname },
        },
        rules: {
            ...hooks.configs.recommended.rules,
            // A number or a Boolean in a template says itself.
            "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
            // Says the same as `() => { f(); }` in less.
            "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
            // Handlers of forms and buttons say what they don't wait for.
            "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
        },
    },
);
