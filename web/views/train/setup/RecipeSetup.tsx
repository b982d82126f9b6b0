import { availableThreads } from "../../../../src/browser/index.js";
import { formatAugmentation } from "../../../../src/data/index.js";
import { ACTIVATION_TYPES, POOLING_TYPES } from "../../../../src/model/index.js";
import { RECIPES, type Recipe } from "../../../../src/training/recipes/recipes.js";
import { isAugmentation, RANGES, RECIPE_NAMES } from "../../../address/trainFields.js";
import { changeUrl, url } from "../../../address/url.js";
import { layerMessages } from "../../../i18n/layers/index.js";
import { formatCount } from "../../../i18n/numbers.js";
import { Button, Choice, TextField } from "../../../kit/controls.js";
import { runnable } from "../../../state/graphicsCard.js";
import { HIGH_RATE, learningRateOf } from "../../../state/settings.js";
import { messages } from "../messages/index.js";
import { NumberSetting } from "./NumberSetting.js";

/** The training settings. */
export function RecipeSetup() {
  const m = messages();
  const { kinds, poolings } = layerMessages();
  const { recipe: name, epochs, seed, activation, pooling } = url.value;
  const recipe = RECIPES[name];
  return (
    <section>
      <h2>{m.recipe}</h2>
      <Choice
        label={m.recipe}
        options={RECIPE_NAMES.map((value) => ({ value, label: m.recipes[value] }))}
        value={name}
        onChange={(value) => changeUrl({ recipe: value, ...AS_RECIPE })}
      />
      <p class="quiet">{m.recipeNotes[name]}</p>
      <Choice
        label={m.activation}
        options={ACTIVATION_TYPES.map((value) => ({ value, label: kinds[value].name }))}
        value={activation ?? recipe.activation}
        onChange={(value) => changeUrl({ activation: value === recipe.activation ? undefined : value })}
      />
      <Choice
        label={m.pooling}
        options={POOLING_TYPES.map((value) => ({ value, label: poolings[value].short }))}
        value={pooling ?? recipe.pooling}
        onChange={(value) => changeUrl({ pooling: value === recipe.pooling ? undefined : value })}
      />
      <div class="pair">
        <NumberSetting
          label={m.epochCount}
          range={RANGES.epochs}
          value={epochs}
          standard={10}
          onChange={(value) => changeUrl({ epochs: value ?? 10 })}
        />
        <NumberSetting
          label={m.seed}
          range={RANGES.seed}
          value={seed}
          standard={0}
          onChange={(value) => changeUrl({ seed: value ?? 0 })}
        />
      </div>
      <MoreSettings recipe={recipe} />
    </section>
  );
}

/** Resets every setting to the recipe's. */
const AS_RECIPE = {
  activation: undefined,
  pooling: undefined,
  lr: undefined,
  batch: undefined,
  dropout: undefined,
  augment: undefined,
  val: undefined,
};

/** Rarely changed settings; empty fields use the recipe's values. */
function MoreSettings({ recipe }: { readonly recipe: Recipe }) {
  const m = messages();
  const { lr, batch, dropout, augment, val, threads } = url.value;
  const isChanged = Object.keys(AS_RECIPE).some((name) => url.value[name as keyof typeof AS_RECIPE] !== undefined);
  return (
    <details>
      <summary>{m.more}</summary>
      <div class="pair">
        <NumberSetting
          label={recipe.schedule.type === "constant" ? m.learningRate : m.learningRateMost}
          range={RANGES.lr}
          value={lr}
          standard={learningRateOf(recipe)}
          onChange={(value) => changeUrl({ lr: value })}
        />
        <NumberSetting
          label={m.batchSize}
          range={RANGES.batch}
          value={batch}
          standard={recipe.batchSize}
          onChange={(value) => changeUrl({ batch: value })}
        />
        <NumberSetting
          label={m.dropout}
          range={RANGES.dropout}
          value={dropout}
          standard={recipe.dropout}
          onChange={(value) => changeUrl({ dropout: value })}
        />
        <NumberSetting
          label={m.validationFraction}
          range={RANGES.val}
          value={val}
          standard={recipe.validationFraction}
          onChange={(value) => changeUrl({ val: value })}
        />
        {runnable(url.value).device === "cpu" && (
          <NumberSetting
            label={m.threads}
            range={RANGES.threads}
            value={threads}
            standard={availableThreads()}
            onChange={(value) => changeUrl({ threads: value })}
          />
        )}
      </div>
      {lr !== undefined && lr >= HIGH_RATE * learningRateOf(recipe) && (
        <p class="fault">{m.highRate(formatCount(lr / learningRateOf(recipe)))}</p>
      )}
      <TextField
        label={m.augmentation}
        value={augment ?? ""}
        placeholder={formatAugmentation(recipe.augmentation)}
        mistake={(text) => (text === "" || isAugmentation(text) ? undefined : m.noAugmentation)}
        onChange={(text) => changeUrl({ augment: text === "" ? undefined : text })}
      />
      {isChanged && <Button onClick={() => changeUrl(AS_RECIPE)}>{m.asRecipe}</Button>}
    </details>
  );
}
