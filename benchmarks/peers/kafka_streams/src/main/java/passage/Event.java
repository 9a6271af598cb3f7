package passage;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.OffsetDateTime;
import java.util.UUID;

/** What this job needs of an event; the rest of the contract is not checked. */
@JsonIgnoreProperties(ignoreUnknown = true)
record Event(
    @JsonProperty(value = "event_id", required = true) UUID eventId,
    @JsonProperty(value = "type", required = true) String type,
    @JsonProperty(value = "occurred_at", required = true) String occurredAt,
    @JsonProperty(value = "site", required = true) String site,
    @JsonProperty("mode") String mode,
    @JsonProperty("number") String number,
    @JsonProperty("directorate") String directorate,
    @JsonProperty("service") String service,
    @JsonProperty("channel") String channel) {

  /** A ticket, or a check-in without one. */
  boolean isPassage() {
    return !"test".equals(mode)
        && (type.equals("ticket_issued") || (type.equals("checked_in") && number == null));
  }

  /** Event time in milliseconds since 1970. */
  long occurredAtMs() {
    return OffsetDateTime.parse(occurredAt).toInstant().toEpochMilli();
  }

  /** Whose counter an arrival is counted in. */
  String counter() {
    String by = channel != null ? channel : type.equals("ticket_issued") ? "kiosk" : "reception";
    return String.join("|", site, directorate, service, by);
  }
}
