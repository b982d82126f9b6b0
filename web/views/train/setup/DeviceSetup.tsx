import { DEVICES, RANGES } from "../../../address/trainFields.js";
import { changeUrl, url } from "../../../address/url.js";
import { Choice } from "../../../kit/controls.js";
import { graphicsCard, MOST_NETWORKS, runnable } from "../../../state/graphicsCard.js";
import { messages } from "../messages/index.js";
import { NumberSetting } from "./NumberSetting.js";

/** Where to train, if there is a choice, and how many networks. */
export function DeviceSetup() {
  const m = messages();
  const card = graphicsCard.value;
  const { device, networks, seed } = runnable(url.value);
  return (
    <section>
      <h2>{m.computation}</h2>
      {card?.type === "there" && (
        <Choice
          label={m.device}
          options={DEVICES.map((value) => ({ value, label: m.devices[value] }))}
          value={device}
          onChange={(value) => changeUrl({ device: value })}
        />
      )}
      <p class="quiet">{deviceNote()}</p>
      <NumberSetting
        label={m.networks}
        range={{ ...RANGES.networks, most: MOST_NETWORKS[device] }}
        value={url.value.networks}
        standard={1}
        onChange={(value) => changeUrl({ networks: value ?? 1 })}
      />
      <p class="quiet">{networks === 1 ? m.networksNote : m.fleetNote(networks, seed, seed + networks - 1)}</p>
    </section>
  );
}

/** What computes, and why not a graphics card. */
function deviceNote(): string {
  const m = messages();
  const card = graphicsCard.value;
  if (!card) return m.lookingForCard;
  if (card.type === "there") {
    if (runnable(url.value).device === "cpu") return m.onProcessor;
    return card.isSoftware ? m.onSoftwareCard(card.name) : m.onCard(card.name);
  }
  return m.noCard[card.why];
}
