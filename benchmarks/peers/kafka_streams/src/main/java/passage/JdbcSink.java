package passage;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Reads changed counts and upserts them in batches, as a JDBC sink of Kafka Connect does; what is
 * written twice is the same. Offsets are committed after the database.
 */
final class JdbcSink implements Runnable {
  private static final String UPSERT =
      "INSERT INTO peer_count VALUES (?, ?, ?, ?, ?, ?)"
          + " ON CONFLICT (bucket_start, site, directorate, service, channel)"
          + " DO UPDATE SET passages = excluded.passages";

  private final Properties settings;
  private final String topic;
  private final String database;

  JdbcSink(Properties settings, String topic, String database) {
    this.settings = settings;
    this.topic = topic;
    this.database = database;
  }

  @Override
  public void run() {
    try (Connection connection = DriverManager.getConnection(database);
        PreparedStatement upsert = connection.prepareStatement(UPSERT);
        KafkaConsumer<String, Long> consumer =
            new KafkaConsumer<>(settings, new StringDeserializer(), new LongDeserializer())) {
      connection.setAutoCommit(false);
      consumer.subscribe(List.of(topic));
      while (!Thread.interrupted()) {
        Map<String, Long> newest = new LinkedHashMap<>();
        for (ConsumerRecord<String, Long> changed : consumer.poll(Duration.ofMillis(100))) {
          newest.put(changed.key(), changed.value());
        }
        if (!newest.isEmpty()) {
          write(connection, upsert, newest);
          consumer.commitSync();
        }
      }
    } catch (SQLException error) {
      throw new IllegalStateException(error);
    }
  }

  private static void write(Connection connection, PreparedStatement upsert, Map<String, Long> rows)
      throws SQLException {
    for (Map.Entry<String, Long> row : rows.entrySet()) {
      String[] key = row.getKey().split("\\|");
      upsert.setObject(1, Instant.ofEpochMilli(Long.parseLong(key[0])).atOffset(ZoneOffset.UTC));
      for (int column = 1; column < key.length; column++) {
        upsert.setString(column + 1, key[column]);
      }
      upsert.setLong(6, row.getValue());
      upsert.addBatch();
    }
    upsert.executeBatch();
    connection.commit();
  }
}
