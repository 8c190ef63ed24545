#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include <semlink/core/error.h>
#include <semlink/record/h5_file.h>

namespace semlink {

/// Calls `visit` with the bytes of every dataset of a group, and with its name.
inline void visit_bytes(const H5Group& group, const std::function<void(const std::string&, const std::string&)>& visit) {
  for (const std::string& name : group.dataset_names()) {
    std::string bytes;
    const auto append = [&bytes](const auto& values) {
      bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0]));
    };
    try {
      append(group.read<double>(name).values);
    } catch (const Error&) {
      try {
        append(group.read<std::int64_t>(name).values);
      } catch (const Error&) {
        for (const std::string& text : group.read_strings(name)) bytes += text + '\n';
      }
    }
    visit(name, bytes);
  }
}

/// Every variable and attribute outside /run.
inline std::string contents(const std::filesystem::path& path) {
  const H5File file = H5File::open(path);
  std::string out;
  const auto add = [&out](const H5Group& group) {
    visit_bytes(group, [&out](const std::string& name, const std::string& bytes) { out += name + ":" + bytes + "\n"; });
  };
  add(file.root());
  for (const std::string& name : file.root().group_names())
    if (name != "run") add(file.root().group(name));
  for (const std::string& name : file.root().attribute_names()) {
    out += name + "=";
    try {
      out += file.root().text_attribute(name);
    } catch (const Error&) {
      out += std::to_string(file.root().integer_attribute(name));
    }
  }
  return out;
}

}  // namespace semlink
