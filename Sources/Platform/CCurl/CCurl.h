#ifndef SALLYPORT_CCURL_H
#define SALLYPORT_CCURL_H

#include <curl/curl.h>

/* Swift imports no variadic functions. Each wrapper below passes one argument of one type on,
   unchanged; which option takes which type is libcurl's own rule (curl_easy_setopt(3)). */

static inline CURLcode sp_easy_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

/* libcurl copies the string; NULL resets the option to nothing. */
static inline CURLcode sp_easy_set_string(CURL *easy, CURLoption option, const char *_Nullable value) {
    return curl_easy_setopt(easy, option, value);
}

/* libcurl copies the bytes, which can be empty. */
static inline CURLcode sp_easy_set_body(CURL *easy, const void *bytes, size_t count) {
    CURLcode result = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    return result != CURLE_OK ? result : curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, count > 0 ? bytes : "");
}

/* The pointer is borrowed until the transfer has ended. */
static inline CURLcode sp_easy_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

typedef size_t (*sp_data_function)(char *data, size_t size, size_t count, void *context);

static inline CURLcode sp_easy_set_data_function(CURL *easy, CURLoption option, sp_data_function value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode sp_easy_response_code(CURL *easy, long *code) {
    return curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, code);
}

/* The errno of connect(2), if that failed; otherwise 0. */
static inline CURLcode sp_easy_os_errno(CURL *easy, long *code) {
    return curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, code);
}

/* Last-Modified in seconds since 1970, requested with CURLOPT_FILETIME; -1: there was none. */
static inline CURLcode sp_easy_file_time(CURL *easy, curl_off_t *seconds) {
    return curl_easy_getinfo(easy, CURLINFO_FILETIME_T, seconds);
}

/* The string is libcurl's, until the next transfer of the handle; NULL: the answer has no such header. */
static inline CURLcode sp_easy_content_type(CURL *easy, const char *_Nullable *_Nonnull type) {
    return curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, (char **)type);
}

/* Retry-After in seconds, in either of its two forms; 0: there is none. */
static inline CURLcode sp_easy_retry_after(CURL *easy, curl_off_t *seconds) {
    return curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, seconds);
}

/* Content-Range of the last answer. The string is libcurl's, until the next transfer of the handle; NULL: it has none. */
static inline const char *_Nullable sp_easy_content_range(CURL *easy) {
    struct curl_header *header;
    return curl_easy_header(easy, "Content-Range", 0, CURLH_HEADER, -1, &header) == CURLHE_OK ? header->value : NULL;
}

/* Date of the last answer, in seconds since 1970; -1: it has none that makes sense. */
static inline time_t sp_easy_date(CURL *easy) {
    struct curl_header *header;
    if (curl_easy_header(easy, "Date", 0, CURLH_HEADER, -1, &header) != CURLHE_OK) return -1;
    return curl_getdate(header->value, NULL);
}

/* OpenSSL's verdict on the server's certificate: X509_V_OK, or X509_V_ERR_…. */
static inline CURLcode sp_easy_verify_result(CURL *easy, long *result) {
    return curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, result);
}

static inline CURLcode sp_easy_private(CURL *easy, void **context) {
    return curl_easy_getinfo(easy, CURLINFO_PRIVATE, context);
}

static inline CURLMcode sp_multi_set_pointer(CURLM *multi, CURLMoption option, void *value) {
    return curl_multi_setopt(multi, option, value);
}

static inline CURLMcode sp_multi_set_socket_function(CURLM *multi, curl_socket_callback value) {
    return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, value);
}

static inline CURLMcode sp_multi_set_timer_function(CURLM *multi, curl_multi_timer_callback value) {
    return curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, value);
}

/* The result of a CURLMSG_DONE message; the union is not imported. */
static inline CURLcode sp_message_result(const CURLMsg *message) {
    return message->data.result;
}

#endif
