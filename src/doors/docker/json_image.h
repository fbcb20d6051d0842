#pragma once
#include <boost/json.hpp>
#include <string>

#include "ports/images.h"

namespace fairlead::docker {

/// One entry of `GET /images/json`.
boost::json::object image_summary(const ports::Image& image, int api_minor);
/// `GET /images/{}/json`.
boost::json::object image_details(const ports::Image& image, int api_minor);
/// `GET /images/{}/history`, newest first.
boost::json::array image_history(const ports::Image& image);
/// `[{"Untagged": …}, {"Deleted": …}]`.
boost::json::array deletion_json(const ports::ImageDeletion& deletion);

/// One line of a JSON stream: progress, text for people, or the error that ends it.
std::string progress_line(const ports::Progress& progress);
std::string stream_line(const std::string& text);
std::string error_line(const std::string& text);

}  // namespace fairlead::docker
