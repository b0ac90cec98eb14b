// The sentence for a refusal.
import { HostError, toHostError, type ErrorView } from "../host/host";
import { t } from "../i18n/i18n";
import { failureOf } from "./failures";

/** What happened, what is safe, what to do. */
export function explain(error: HostError): string {
  const failure = failureOf(error);
  if (failure !== null) return t(`passkey.${failure}`, { device: t("device.any") });
  if (error.detail !== null && error.detail !== "") {
    if (error.code === "digits_typo") {
      return error.detail.includes(",") ? t("error.digits_typo_rows", { rows: error.detail }) : t("error.digits_typo_row", { row: error.detail });
    }
    if (error.code === "groups_mismatch") return t("error.groups_mismatch_group", { group: error.detail });
  }
  return t(`error.${error.code}`);
}

export function explainView(view: ErrorView | null): string {
  return view === null ? explain(new HostError("storage")) : explain(toHostError(view));
}
