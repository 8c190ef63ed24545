#include <semlink/record/journal.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/crc.hpp>
#include <cerrno>
#include <cstring>

#include <semlink/core/error.h>
#include <semlink/record/block_check.h>
#include <semlink/record/byte_stream.h>

namespace semlink {
namespace {

// The frame of a record: length and CRC-32 of what follows.
struct FrameHead {
  std::uint32_t length = 0;
  std::uint32_t checksum = 0;
};

constexpr std::size_t kMaxFrame = std::size_t{1} << 24;
constexpr std::string_view kMagic = "semlink journal 3";

enum class Kind : std::uint8_t { head, start, block, trial };

std::uint32_t checksum_of(std::string_view bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

/// Records are copies of memory: another build may see it otherwise.
std::string layout() {
  std::string text = std::to_string(sizeof(TrialSums)) + " " + std::to_string(sizeof(LooseTrial)) + " " +
                     std::to_string(kNumTrialVariables);
  for (const Column& column : columns()) text += " " + std::string(column.name);
  return text;
}

template <typename T>
void put_vector(ByteWriter& out, const std::vector<T>& values) {
  out.put(static_cast<std::uint32_t>(values.size()));
  for (const T& value : values) out.put(value);
}

template <typename T>
std::vector<T> get_vector(ByteReader& in) {
  std::vector<T> values(in.count(sizeof(T)));
  for (T& value : values) value = in.get<T>();
  return values;
}

std::string name_difference(const std::string& name, const std::string& before, const std::string& now) {
  constexpr std::size_t kMaxShown = 60;
  if (before.size() > kMaxShown || now.size() > kMaxShown) return name + " is not what it was";
  return name + " was " + (before.empty() ? "none" : before) + " and is " + (now.empty() ? "none" : now) + " now";
}

JournalStart read_start(ByteReader& in) {
  JournalStart start;
  start.point = in.get<std::uint64_t>();
  const auto has_label = in.get<std::uint8_t>();
  const auto label = in.get<double>();
  if (has_label) start.snr_label_db = label;
  start.cluster_samples = in.get<std::int64_t>();
  start.restarted = in.get<std::uint8_t>() != 0;
  return start;
}

JournalTrial read_trial(ByteReader& in) {
  JournalTrial trial;
  trial.point = in.get<std::uint64_t>();
  trial.trial = in.get<std::int64_t>();
  trial.slow = in.get<LooseTrial>();
  return trial;
}

JournalBlock read_block(ByteReader& in) {
  JournalBlock block;
  block.point = in.get<std::uint64_t>();
  block.first_trial = in.get<std::int64_t>();
  block.sums = in.get<TrialSums>();
  block.num_new = in.get<std::int64_t>();
  block.seconds = in.get<double>();
  block.trials = get_vector<JournalBlock::SampleTrial>(in);
  block.rows = get_vector<TrialRow>(in);
  return block;
}

}  // namespace

Journal::Journal(const std::filesystem::path& result) : path_(path_of(result)) {
  open();
  try {
    read_head();
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

Journal::~Journal() {
  if (!has_trials()) ::unlink(path_.c_str());
  ::close(descriptor_);
}

std::filesystem::path Journal::path_of(const std::filesystem::path& result) { return result.string() + ".journal"; }

void Journal::fail(const char* what) const {
  throw Error(ErrorCode::io, path_.string() + ": cannot " + what + " (" + std::strerror(errno) + ")");
}

void Journal::open() {
  for (;;) {
    descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail("write");
    const bool locked = ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0;
    const bool is_held = !locked && errno == EWOULDBLOCK;  // some file systems know no locks
    struct stat status {};
    if (!is_held && ::fstat(descriptor_, &status) == 0 && status.st_nlink > 0) return;
    ::close(descriptor_);
    if (is_held) throw Error(ErrorCode::bad_file, path_.string() + ": another run is writing this result");
  }
}

std::optional<std::string> Journal::next_frame(std::uint64_t& offset) const {
  FrameHead head;
  if (::pread(descriptor_, &head, sizeof head, static_cast<off_t>(offset)) != sizeof head) return std::nullopt;
  if (head.length == 0 || head.length > kMaxFrame) return std::nullopt;
  std::string payload(head.length, '\0');
  const ssize_t count = ::pread(descriptor_, payload.data(), payload.size(), static_cast<off_t>(offset + sizeof head));
  if (count != static_cast<ssize_t>(payload.size()) || checksum_of(payload) != head.checksum) return std::nullopt;
  offset += sizeof head + payload.size();
  return payload;
}

void Journal::read_head() {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) fail("read");
  const std::optional<std::string> payload = next_frame(first_record_);
  // A run that is killed while it writes the head leaves a piece of it: as good as nothing.
  if (!payload) {
    if (static_cast<std::size_t>(status.st_size) > kMaxFrame)
      throw Error(ErrorCode::bad_file, path_.string() + ": not a journal of semlink");
    return;
  }
  ByteReader in(*payload, path_.string());
  if (in.get<Kind>() != Kind::head || in.text() != kMagic)
    throw Error(ErrorCode::bad_file, path_.string() + ": not a journal of semlink");
  if (in.text() != layout())
    throw Error(ErrorCode::bad_file, path_.string() +
                                         ": written by another version of semlink; finish the run with that one, or "
                                         "give --overwrite to start anew");
  stands_alone_ = in.get<std::uint8_t>() != 0;
  const auto count = in.get<std::uint32_t>();
  for (std::uint32_t i = 0; i < count; ++i) {
    std::string name = in.text();
    identity_.emplace_back(std::move(name), in.text());
  }
  end_ = first_record_;
  while (next_frame(end_)) {
  }
  if (::ftruncate(descriptor_, static_cast<off_t>(end_)) != 0) fail("cut the torn end off");
}

bool Journal::has_trials() const {
  for (std::uint64_t offset = first_record_; offset < end_;) {
    const std::optional<std::string> payload = next_frame(offset);
    if (!payload) return false;
    if (ByteReader(*payload, path_.string()).get<Kind>() != Kind::start) return true;
  }
  return false;
}

std::string Journal::difference(const Identity& current) const {
  for (std::size_t i = 0; i < std::max(identity_.size(), current.size()); ++i) {
    if (i >= identity_.size() || i >= current.size() || identity_[i].first != current[i].first)
      return "it was begun with other settings";
    if (identity_[i].second != current[i].second)
      return name_difference(identity_[i].first, identity_[i].second, current[i].second);
  }
  return "";
}

void Journal::replay(const std::function<void(const JournalStart&)>& on_start,
                     const std::function<void(const JournalTrial&)>& on_trial,
                     const std::function<void(JournalBlock&)>& on_block) const {
  for (std::uint64_t offset = first_record_; offset < end_;) {
    const std::optional<std::string> payload = next_frame(offset);
    if (!payload) throw Error(ErrorCode::io, path_.string() + ": cannot be read any more");
    ByteReader in(*payload, path_.string());
    const Kind kind = in.get<Kind>();
    if (kind == Kind::start) {
      on_start(read_start(in));
    } else if (kind == Kind::trial) {
      on_trial(read_trial(in));
    } else {
      JournalBlock block = read_block(in);
      if (kind != Kind::block || !is_sane_block(block.sums) || block.num_new < 1 ||
          block.num_new > block.sums.num_trials || !(block.seconds >= 0))
        throw Error(ErrorCode::bad_file, path_.string() + ": a record is damaged");
      on_block(block);
    }
  }
}

void Journal::restart(Identity identity, bool stands_alone) {
  buffer_.clear();
  if (::ftruncate(descriptor_, 0) != 0) fail("write");
  identity_.clear();
  first_record_ = end_ = 0;
  if (identity.empty()) return;
  ByteWriter out;
  out.put(Kind::head);
  out.put_text(kMagic);
  out.put_text(layout());
  out.put(static_cast<std::uint8_t>(stands_alone));
  out.put(static_cast<std::uint32_t>(identity.size()));
  for (const auto& [name, value] : identity) {
    out.put_text(name);
    out.put_text(value);
  }
  add_frame(out.bytes());
  first_record_ = buffer_.size();
  identity_ = std::move(identity);
  stands_alone_ = stands_alone;
}

void Journal::append(const JournalStart& start) {
  ByteWriter out;
  out.put(Kind::start);
  out.put(static_cast<std::uint64_t>(start.point));
  out.put(static_cast<std::uint8_t>(start.snr_label_db.has_value()));
  out.put(start.snr_label_db.value_or(0));
  out.put(start.cluster_samples);
  out.put(static_cast<std::uint8_t>(start.restarted));
  add_frame(out.bytes());
}

void Journal::append(const JournalTrial& trial) {
  ByteWriter out;
  out.put(Kind::trial);
  out.put(static_cast<std::uint64_t>(trial.point));
  out.put(trial.trial);
  out.put(trial.slow);
  add_frame(out.bytes());
}

void Journal::append(const JournalBlock& block) {
  ByteWriter out;
  out.put(Kind::block);
  out.put(static_cast<std::uint64_t>(block.point));
  out.put(block.first_trial);
  out.put(block.sums);
  out.put(block.num_new);
  out.put(block.seconds);
  put_vector(out, block.trials);
  put_vector(out, block.rows);
  add_frame(out.bytes());
}

void Journal::add_frame(const std::string& payload) {
  const FrameHead head{static_cast<std::uint32_t>(payload.size()), checksum_of(payload)};
  buffer_.append(reinterpret_cast<const char*>(&head), sizeof head);
  buffer_ += payload;
}

void Journal::flush() {
  for (std::size_t done = 0; done < buffer_.size();) {
    const ssize_t count =
        ::pwrite(descriptor_, buffer_.data() + done, buffer_.size() - done, static_cast<off_t>(end_ + done));
    if (count < 0 && errno != EINTR) {
      const int reason = errno;
      static_cast<void>(::ftruncate(descriptor_, static_cast<off_t>(end_)));  // a torn end would be dropped anyway
      errno = reason;
      fail("write");
    }
    done += count < 0 ? 0 : static_cast<std::size_t>(count);
  }
  end_ += buffer_.size();
  unsynced_ = unsynced_ || !buffer_.empty();
  buffer_.clear();
}

void Journal::sync() {
  flush();
  if (unsynced_ && ::fdatasync(descriptor_) != 0) fail("flush to the disk");
  unsynced_ = false;
}

}  // namespace semlink
